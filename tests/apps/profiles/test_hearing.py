"""A batch of events asks whom it means and tells what was said: from Redis where that may be trusted, never staler."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from unittest import mock

import psycopg
import pytest
import redis
from django.db import OperationalError, connection, transaction

from apps.profiles import api
from apps.profiles.contracts import Caller, ConsentInput, ConsentSignal, Shopper, ShopperRef
from apps.profiles.models import ConsentRecord, ShopperIdentity
from apps.profiles.models import Shopper as ShopperRow
from apps.profiles.selectors import entries, leases, shoppers
from apps.profiles.selectors.crowd import read_crowd
from apps.profiles.services import consents
from specrec.kernel import ids
from specrec.kernel.redis import client
from tests.apps.profiles.conftest import NOON

ANNA, BEN, CUSTOMER = ShopperRef(anonymous_id="anna"), ShopperRef(anonymous_id="ben"), ShopperRef(customer_id="c1")
ANNA_ID, BEN_ID = ids.shopper_id("uk", "anonymous", "anna"), ids.shopper_id("uk", "anonymous", "ben")
CUSTOMER_ID = ids.shopper_id("uk", "customer", "c1")
HISTORY = "history_personalisation"
CONSENTED = Shopper(ANNA_ID, (), frozenset({HISTORY}))
KEYS = entries.entry_keys("uk", "anonymous", "anna")

pytestmark = pytest.mark.django_db(transaction=True)


def said(*granted: str, minutes: int = 0, ref: ShopperRef = ANNA) -> ConsentSignal:
    return ConsentSignal(ref, frozenset(granted), NOON + timedelta(minutes=minutes), "event")


def hear(*signals: ConsentSignal, refs: tuple[ShopperRef, ...] = (ANNA,), site_id: str = "uk") -> list[Shopper]:
    found = api.hear_shoppers(site_id=site_id, refs=refs, signals=signals)
    named = [ref for ref in refs if ref != ShopperRef()]
    assert found.keys() == set(named)
    return [found[ref] for ref in named]


def say(*signals: ConsentSignal) -> None:
    api.record_consents(site_id="uk", signals=signals)


def merge() -> None:
    api.merge_shoppers(site_id="uk", anonymous_id="anna", customer_id="c1", now=NOON)


def without_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ask", "client", "hasty_client"):
        monkeypatch.setattr(entries, name, mock.Mock(side_effect=redis.ConnectionError))
    monkeypatch.setattr(leases, "ask", mock.Mock(side_effect=redis.ConnectionError))


@pytest.fixture
def known(uk: str) -> None:
    """Anna has consented, and Redis knows."""
    say(said(HISTORY))
    assert hear() == [CONSENTED]
    assert entries.unpacked(entries.read(KEYS)) == CONSENTED  # what makes the tests below tests


@pytest.fixture
def lasting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a lease live long enough for a slow machine."""
    monkeypatch.setattr(leases, "SECONDS", 60.0)


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Iterator[mock.Mock]:
    """Let writers not reach Redis, which readers reach all the time, and leases from before live on."""
    outlast = mock.Mock()
    with monkeypatch.context() as patched:
        patched.setattr(entries, "hasty_client", mock.Mock(side_effect=redis.ConnectionError))
        patched.setattr(leases, "outlast", outlast)
        yield outlast


class TestWhomItMeans:
    def test_asks_postgres_once_and_then_redis_for_any_number(
        self, uk: str, lasting: None, django_assert_num_queries: Any
    ) -> None:
        refs = [ShopperRef(anonymous_id=f"a{number}") for number in range(1_000)]
        say(*(said(HISTORY, ref=ref) for ref in refs[:500]))
        hear(refs=(BEN,))
        with django_assert_num_queries(1):
            first = api.hear_shoppers(site_id=uk, refs=refs, signals=[])
        with django_assert_num_queries(0):
            assert api.hear_shoppers(site_id=uk, refs=refs, signals=[]) == first
        assert first == api.resolve_shoppers(site_id=uk, refs=refs)
        assert sum(HISTORY in shopper.purposes for shopper in first.values()) == 500

    def test_leaves_out_who_names_nobody(self, uk: str) -> None:
        assert hear(refs=(ShopperRef(), BEN)) == [Shopper(BEN_ID)]
        assert hear(refs=(ShopperRef(),)) == []

    def test_derives_an_unknown_one_and_makes_nothing(self, uk: str) -> None:
        assert hear(refs=(BEN,)) == hear(refs=(BEN,)) == [Shopper(BEN_ID)]
        assert not ShopperIdentity.objects.exists()
        assert 0 < client().ttl(entries.entry_keys("uk", "anonymous", "ben")[0]) <= entries.UNKNOWN_SECONDS

    def test_the_customer_wins_where_both_are_given(self, uk: str) -> None:
        assert hear(refs=(ShopperRef("anna", "c1"),)) == [Shopper(CUSTOMER_ID)]

    def test_does_not_know_the_shoppers_of_another_site(self, known: None, de: str) -> None:
        assert hear(site_id=de) == [Shopper(ids.shopper_id("de", "anonymous", "anna"))]

    def test_a_merge_holds_at_once_for_both_names(self, known: None) -> None:
        assert hear(refs=(CUSTOMER,)) == [Shopper(CUSTOMER_ID)]
        merge()
        merged = Shopper(CUSTOMER_ID, (ANNA_ID,), frozenset({HISTORY}))
        assert hear(refs=(ANNA, CUSTOMER)) == [merged, merged]
        assert hear(refs=(ANNA, CUSTOMER)) == [merged, merged]

    def test_a_lease_that_is_over_is_renewed_by_asking_for_lapses_alone(
        self, known: None, django_assert_num_queries: Any
    ) -> None:
        client().delete(leases.KEY)
        with django_assert_num_queries(1) as queries:
            assert hear() == [CONSENTED]
        assert "profiles_lapse" in queries.captured_queries[0]["sql"]

    def test_fails_when_postgres_is_needed_and_away(self, known: None, monkeypatch: pytest.MonkeyPatch) -> None:
        client().flushdb()
        monkeypatch.setattr("apps.profiles.selectors.crowd.read_shoppers", mock.Mock(side_effect=OperationalError))
        with pytest.raises(OperationalError):
            hear()


class TestWithdrawal:
    """A withdrawal that was recorded is seen by the next batch, whatever happens to the parts."""

    def test_with_all_parts(self, known: None) -> None:
        say(said(minutes=1))
        assert hear() == [Shopper(ANNA_ID)]
        assert hear() == [Shopper(ANNA_ID)]

    def test_by_the_storefronts_own_call(self, known: None) -> None:
        caller = Caller("k", "uk", "secret", frozenset({"shoppers:write"}))
        withdrawal = ConsentInput(granted=[], anonymous_id="anna")
        api.set_consent(caller=caller, said=withdrawal, now=NOON + timedelta(minutes=1))
        assert hear() == [Shopper(ANNA_ID)]

    def test_with_redis_emptied(self, known: None) -> None:
        say(said(minutes=1))
        client().flushdb()
        assert hear() == [Shopper(ANNA_ID)]

    def test_with_redis_away(self, known: None, monkeypatch: pytest.MonkeyPatch) -> None:
        say(said(minutes=1))
        without_redis(monkeypatch)
        assert hear() == [Shopper(ANNA_ID)]

    def test_while_redis_is_away_and_back_afterwards(self, known: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(leases, "outlast", lambda: client().delete(leases.KEY))  # as waiting for its end does
        with monkeypatch.context() as patched:
            without_redis(patched)
            say(said(minutes=1))
        shoppers.resume()
        stale = client().get(KEYS[0])
        assert isinstance(stale, bytes)
        assert HISTORY.encode() in stale
        assert hear() == [Shopper(ANNA_ID)]

    def test_with_all_sessions_of_postgres_ended(self, known: None) -> None:
        say(said(minutes=1))
        given = connection.get_connection_params() | {"dbname": connection.settings_dict["NAME"], "autocommit": True}
        with psycopg.connect(**given) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        connection.close()
        assert hear() == [Shopper(ANNA_ID)]

    def test_within_the_very_batch(self, known: None) -> None:
        assert hear(said(minutes=1)) == [Shopper(ANNA_ID)]

    def test_within_the_very_batch_though_redis_cannot_be_told(self, known: None, cut: mock.Mock) -> None:
        with transaction.atomic():
            assert hear(said(minutes=1)) == [Shopper(ANNA_ID)]
            assert cut.call_count == 0
        assert cut.call_count == 1

    def test_said_with_one_name_holds_for_the_other_in_the_same_batch(self, known: None) -> None:
        merge()
        hear(refs=(ANNA, CUSTOMER))
        silent = Shopper(CUSTOMER_ID, (ANNA_ID,))
        assert hear(said(minutes=1, ref=CUSTOMER), refs=(ANNA, CUSTOMER)) == [silent, silent]

    def test_said_again_is_not_undone_by_a_grant_from_in_between(self, known: None) -> None:
        hear(said(minutes=1))
        assert hear() == hear(said(minutes=5)) == [Shopper(ANNA_ID)]
        assert hear(said(HISTORY, minutes=3)) == [Shopper(ANNA_ID)]
        assert hear(said(HISTORY, minutes=6)) == [CONSENTED]

    def test_that_is_rolled_back_was_never_said(self, known: None) -> None:
        with transaction.atomic():
            assert hear(said(minutes=1)) == [Shopper(ANNA_ID)]
            transaction.set_rollback(True)
        assert hear() == [CONSENTED]

    def test_a_grant_that_is_rolled_back_leaves_nothing_in_redis(self, uk: str) -> None:
        with transaction.atomic():
            assert hear(said(HISTORY)) == hear() == [CONSENTED]  # the second looks at what is not committed
            transaction.set_rollback(True)
        assert hear() == [Shopper(ANNA_ID)]


class TestSaidAgain:
    """What holds already only moves the time."""

    def test_takes_a_constant_few_statements_and_no_record(
        self, uk: str, lasting: None, django_assert_num_queries: Any
    ) -> None:
        refs = [ShopperRef(anonymous_id=f"a{number}") for number in range(1_000)]
        say(*(said(HISTORY, ref=ref) for ref in refs))
        api.hear_shoppers(site_id=uk, refs=refs, signals=[])
        later = [said(HISTORY, minutes=1, ref=ref) for ref in refs]
        with django_assert_num_queries(5), transaction.atomic():  # BEGIN, SAVEPOINT, the times, RELEASE, COMMIT
            found = api.hear_shoppers(site_id=uk, refs=refs, signals=later)
        assert {shopper.purposes for shopper in found.values()} == {frozenset({HISTORY})}
        assert set(ShopperRow.objects.values_list("consent_at", flat=True)) == {NOON + timedelta(minutes=1)}
        assert ConsentRecord.objects.count() == 1_000

    def test_beside_news_of_others(self, known: None) -> None:
        signals = (said(HISTORY, minutes=1), said("analytics", ref=BEN))
        assert hear(*signals, refs=(ANNA, BEN)) == [CONSENTED, Shopper(BEN_ID, (), frozenset({"analytics"}))]
        times = dict(ShopperRow.objects.values_list("shopper_id", "consent_at"))
        assert times == {ANNA_ID: NOON + timedelta(minutes=1), BEN_ID: NOON}

    def test_with_two_names_of_one_shopper_the_newest_word_holds(self, known: None) -> None:
        merge()
        hear(refs=(ANNA, CUSTOMER))
        words = (said(HISTORY, minutes=5), said("analytics", minutes=3, ref=CUSTOMER))
        merged = Shopper(CUSTOMER_ID, (ANNA_ID,), frozenset({HISTORY}))
        assert hear(*words, refs=(ANNA, CUSTOMER)) == [merged, merged]
        assert ShopperRow.objects.get().consent_at == NOON + timedelta(minutes=5)

    def test_an_older_word_does_not_move_the_time_back(self, known: None) -> None:
        hear(said(HISTORY, minutes=5))
        hear(said(HISTORY, minutes=2))
        assert ShopperRow.objects.get().consent_at == NOON + timedelta(minutes=5)

    def test_by_whom_never_spoke_before_is_a_first_word(self, uk: str) -> None:
        merge()
        assert hear(refs=(CUSTOMER,)) == hear(said(ref=CUSTOMER), refs=(CUSTOMER,))
        assert ConsentRecord.objects.get().granted == []
        assert ShopperRow.objects.get().consent_at == NOON

    @pytest.mark.parametrize(("minutes", "holds"), [(3, ()), (9, (HISTORY,))])
    def test_is_weighed_anew_when_something_else_was_said_meanwhile(
        self, known: None, monkeypatch: pytest.MonkeyPatch, minutes: int, holds: tuple[str, ...]
    ) -> None:
        def read_slowly(**asked: Any) -> Any:
            found = read_crowd(**asked)
            monkeypatch.setattr(consents, "read_crowd", read_crowd)
            elsewhere(lambda: say(said(minutes=5)))
            return found

        monkeypatch.setattr(consents, "read_crowd", read_slowly)
        assert hear(said(HISTORY, minutes=minutes)) == [Shopper(ANNA_ID, (), frozenset(holds))]
        assert hear() == [Shopper(ANNA_ID, (), frozenset(holds))]

    def test_is_weighed_anew_when_two_were_merged_meanwhile(self, known: None, monkeypatch: pytest.MonkeyPatch) -> None:
        def read_slowly(**asked: Any) -> Any:
            found = read_crowd(**asked)
            elsewhere(merge)
            return found

        monkeypatch.setattr(consents, "read_crowd", read_slowly)
        assert hear(said(HISTORY, minutes=1)) == [Shopper(CUSTOMER_ID, (ANNA_ID,), frozenset({HISTORY}))]
        assert ShopperRow.objects.get().consent_at == NOON + timedelta(minutes=1)


class TestAtOnce:
    def test_mixed_batches_and_merges_neither_deadlock_nor_lose_a_word(self, uk: str) -> None:
        refs = [ShopperRef(anonymous_id=f"a{number}") for number in range(40)]
        say(*(said(HISTORY, ref=ref) for ref in refs))
        start = Barrier(4)
        failures: list[BaseException] = []

        def send(worker: int) -> None:
            try:
                start.wait(timeout=10)
                for turn in range(6):
                    minutes = turn * 4 + worker + 1
                    differs = (turn + worker) % 3
                    order = refs if worker % 2 else refs[::-1]
                    words = [
                        said(*(() if number % 3 == differs and turn < 5 else (HISTORY,)), minutes=minutes, ref=ref)
                        for number, ref in enumerate(order)
                    ]
                    with transaction.atomic():
                        api.hear_shoppers(site_id="uk", refs=order, signals=words)
                    api.merge_shoppers(site_id="uk", anonymous_id=f"a{turn}", customer_id="c1", now=NOON)
            except BaseException as error:
                failures.append(error)
                raise
            finally:
                connection.close()

        threads = [Thread(target=send, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert failures == []
        found = api.hear_shoppers(site_id="uk", refs=refs, signals=[])
        assert {shopper.purposes for shopper in found.values()} == {frozenset({HISTORY})}
        assert set(ShopperRow.objects.values_list("consent_at", flat=True)) == {NOON + timedelta(minutes=24)}
        assert found == api.resolve_shoppers(site_id="uk", refs=refs)


def elsewhere(work: Callable[[], None]) -> None:
    """Do it in another session, and wait for it."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join(timeout=20)
    assert not thread.is_alive()
