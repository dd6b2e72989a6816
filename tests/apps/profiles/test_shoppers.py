"""Whom a reference means: from Redis, from Postgres, or from neither."""

from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any
from unittest import mock

import pytest
import redis
from django.db import OperationalError, connection, transaction

from apps.profiles import api
from apps.profiles.contracts import ConsentSignal, Shopper, ShopperRef
from apps.profiles.models import Consent, ConsentRecord, ShopperIdentity
from apps.profiles.models import Shopper as ShopperRow
from apps.profiles.selectors import entries, leases, shoppers
from specrec.kernel import ids
from specrec.kernel.errors import Conflict, Invalid, NotFound
from specrec.kernel.redis import client
from tests.apps.profiles.conftest import NOON

ANNA = ShopperRef(anonymous_id="anna")
CUSTOMER = ShopperRef(customer_id="c1")
HISTORY = "history_personalisation"
ANNA_ID = ids.shopper_id("uk", "anonymous", "anna")
CUSTOMER_ID = ids.shopper_id("uk", "customer", "c1")
KEYS = entries.entry_keys("uk", "anonymous", "anna")
KEY = KEYS[0]


def grant(*purposes: str, minutes: int = 0, ref: ShopperRef = ANNA) -> None:
    signal = ConsentSignal(ref, frozenset(purposes), NOON + timedelta(minutes=minutes), "web")
    api.record_consents(site_id="uk", signals=[signal])


def read_slowly() -> dict[str, Any]:
    """Return what a reader has read and would keep."""
    tag = entries.tag_of(entries.read(KEYS))
    version, shopper = shoppers.read_shoppers(site_id="uk", own_ids=[ANNA_ID])[ANNA_ID]
    return {"version": version, "shopper": shopper, "tag": tag}


def without_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ask", "client", "hasty_client"):
        monkeypatch.setattr(entries, name, mock.Mock(side_effect=redis.ConnectionError))
    monkeypatch.setattr(leases, "ask", mock.Mock(side_effect=redis.ConnectionError))


@pytest.fixture
def committed(uk: str, django_capture_on_commit_callbacks: Any) -> Any:
    """Give what runs a block and then, as a commit does, what was left for after it."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


class TestGetShopper:
    def test_is_nobody_without_a_reference(self) -> None:
        assert api.get_shopper(site_id="uk", ref=ShopperRef()) is None

    def test_derives_an_unknown_one_without_purposes_for_a_minute(self, uk: str) -> None:
        assert api.get_shopper(site_id=uk, ref=ANNA) == Shopper(ANNA_ID)
        assert 0 < client().ttl(KEY) <= 60
        assert not ShopperIdentity.objects.exists()

    def test_reads_a_known_one_without_postgres(self, committed: Any, django_assert_num_queries: Any) -> None:
        with committed():
            grant(HISTORY)
        api.get_shopper(site_id="uk", ref=ANNA)
        with django_assert_num_queries(0):
            found = api.get_shopper(site_id="uk", ref=ANNA)
        assert found == Shopper(ANNA_ID, (), frozenset({HISTORY}))
        assert 60 < client().ttl(KEY) <= 3_600

    def test_the_customer_wins_where_both_are_given(self, uk: str) -> None:
        found = api.get_shopper(site_id=uk, ref=ShopperRef(anonymous_id="anna", customer_id="c1"))
        assert found == Shopper(CUSTOMER_ID)

    def test_a_first_consent_replaces_the_entry_of_an_unknown_shopper(self, committed: Any) -> None:
        api.get_shopper(site_id="uk", ref=ANNA)
        with committed():
            grant(HISTORY)
        assert api.get_shopper(site_id="uk", ref=ANNA) == Shopper(ANNA_ID, (), frozenset({HISTORY}))

    def test_a_slow_reader_does_not_bring_a_withdrawn_consent_back(self, committed: Any) -> None:
        with committed():
            grant(HISTORY)
        outdated = read_slowly()
        with committed():
            grant(minutes=1)
        entries.fill(KEY, **outdated)
        assert api.get_shopper(site_id="uk", ref=ANNA) == Shopper(ANNA_ID)
        entries.fill(KEY, **outdated)
        assert api.get_shopper(site_id="uk", ref=ANNA) == Shopper(ANNA_ID)

    def test_goes_to_postgres_while_a_change_is_being_committed(self, committed: Any) -> None:
        with committed():
            grant(HISTORY)
        outdated = read_slowly()
        with transaction.atomic():
            grant(minutes=1)
            entries.fill(KEY, **outdated)
            assert entries.unpacked(entries.read(KEYS)) is None
        assert api.get_shopper(site_id="uk", ref=ANNA) == Shopper(ANNA_ID)

    def test_reads_an_entry_that_it_cannot_understand_from_postgres(self, uk: str) -> None:
        api.get_shopper(site_id=uk, ref=ANNA)
        good = client().get(KEY)
        assert isinstance(good, bytes)
        client().set(KEY, good[: entries.DIGITS + leases.TAG_LENGTH] + b"\xc1nonsense")
        assert api.get_shopper(site_id=uk, ref=ANNA) == Shopper(ANNA_ID)
        assert client().get(KEY) == good

    def test_does_not_trust_an_entry_without_a_lease(self, uk: str) -> None:
        api.get_shopper(site_id=uk, ref=ANNA)
        found = entries.read(KEYS)
        assert found is not None
        assert entries.unpacked(found) == Shopper(ANNA_ID)
        assert entries.unpacked([found[0], None]) is None
        assert entries.unpacked([found[0], b"1" * leases.TAG_LENGTH]) is None

    def test_without_redis_reads_postgres(self, uk: str, monkeypatch: pytest.MonkeyPatch) -> None:
        without_redis(monkeypatch)
        grant(HISTORY)
        found = api.get_shopper(site_id=uk, ref=ANNA)
        assert found == Shopper(ANNA_ID, (), frozenset({HISTORY}))

    def test_without_both_has_no_purposes(self, uk: str, monkeypatch: pytest.MonkeyPatch) -> None:
        grant(HISTORY)
        client().flushdb()
        reading = mock.Mock(side_effect=OperationalError)
        monkeypatch.setattr(shoppers, "read_shoppers", reading)
        for _ in range(2):
            assert api.get_shopper(site_id=uk, ref=ANNA) == Shopper(ANNA_ID)
        assert reading.call_count == 1  # nobody waits twice for a part that is away
        assert entries.unpacked(entries.read(KEYS)) is None


class TestResolveShoppers:
    def test_resolves_any_number_with_one_query(self, uk: str, django_assert_num_queries: Any) -> None:
        grant(HISTORY)
        stranger = ShopperRef(anonymous_id="stranger")
        with django_assert_num_queries(1):
            found = api.resolve_shoppers(site_id=uk, refs=[ANNA, stranger, ShopperRef(), ANNA])
        assert found == {
            ANNA: Shopper(ANNA_ID, (), frozenset({HISTORY})),
            stranger: Shopper(ids.shopper_id("uk", "anonymous", "stranger")),
        }

    def test_does_not_read_the_shoppers_of_another_site(self, uk: str, de: str) -> None:
        grant(HISTORY)
        assert api.resolve_shoppers(site_id=de, refs=[ANNA])[ANNA].purposes == frozenset()


class TestMergeShoppers:
    def merge(self, anonymous_id: str = "anna", customer_id: str = "c1", now: datetime = NOON) -> Shopper:
        return api.merge_shoppers(site_id="uk", anonymous_id=anonymous_id, customer_id=customer_id, now=now)

    def test_both_names_mean_the_customer_afterwards(self, committed: Any) -> None:
        with committed():
            grant(HISTORY)
        with committed():
            merged = self.merge()
        assert merged == Shopper(CUSTOMER_ID, (ANNA_ID,), frozenset({HISTORY}))
        assert api.get_shopper(site_id="uk", ref=ANNA) == merged
        assert api.get_shopper(site_id="uk", ref=CUSTOMER) == merged
        assert api.list_aliases(site_id="uk") == {ANNA_ID: CUSTOMER_ID}

    def test_again_changes_nothing(self, uk: str) -> None:
        first = self.merge()
        before = (list(ShopperRow.objects.values()), ConsentRecord.objects.count())
        assert self.merge() == first
        assert (list(ShopperRow.objects.values()), ConsentRecord.objects.count()) == before

    def test_many_browsers_of_one_customer_become_one_shopper(self, uk: str) -> None:
        for browser in ("phone", "tablet", "work"):
            self.merge(browser)
        profile = api.get_profile(site_id=uk, ref=ShopperRef(anonymous_id="tablet"))
        assert (profile.anonymous_ids, profile.customer_ids) == (("phone", "tablet", "work"), ("c1",))
        assert ShopperRow.objects.count() == 1

    def test_refuses_to_hand_a_browser_to_another_customer(self, uk: str) -> None:
        self.merge()
        grant(HISTORY, ref=CUSTOMER)
        with pytest.raises(Conflict) as refused:
            self.merge(customer_id="c2")
        assert (refused.value.code, refused.value.field) == ("already_merged", "anonymous_id")
        assert api.list_aliases(site_id=uk) == {ANNA_ID: CUSTOMER_ID}
        assert not ShopperIdentity.objects.filter(value="c2").exists()

    @pytest.mark.parametrize(("customer_at", "browser_at", "holds"), [(0, 5, ()), (5, 0, (HISTORY,)), (5, 5, ())])
    def test_the_newest_word_holds_whole(
        self, uk: str, customer_at: int, browser_at: int, holds: tuple[str, ...]
    ) -> None:
        grant(HISTORY, minutes=customer_at, ref=CUSTOMER)
        grant(minutes=browser_at)
        assert self.merge().purposes == frozenset(holds)
        assert Consent.objects.filter(shopper_id=ANNA_ID).count() == 0

    @pytest.mark.parametrize(("browser", "holds"), [((), ()), (("analytics",), ("analytics",)), ((HISTORY,), ())])
    def test_of_two_words_at_the_same_moment_holds_what_both_grant(
        self, uk: str, browser: tuple[str, ...], holds: tuple[str, ...]
    ) -> None:
        grant("analytics", "marketing_email", ref=CUSTOMER)
        grant(*browser)
        assert self.merge().purposes == frozenset(holds)
        record = ConsentRecord.objects.latest("pk")
        assert (record.source, record.shopper_id, record.granted) == ("merge", CUSTOMER_ID, list(holds))

    def test_an_older_word_that_comes_later_stays_older(self, uk: str) -> None:
        grant(minutes=0, ref=CUSTOMER)
        grant(HISTORY, minutes=5)
        self.merge()
        grant(minutes=3, ref=CUSTOMER)
        assert api.get_profile(site_id=uk, ref=CUSTOMER).consents[2].granted

    def test_the_consents_of_the_anonymous_shopper_carry_over_where_not(self, uk: str) -> None:
        grant(HISTORY, "analytics")
        assert self.merge().purposes == frozenset({HISTORY, "analytics"})
        record = ConsentRecord.objects.latest("pk")
        assert (record.source, record.shopper_id, record.granted) == ("merge", CUSTOMER_ID, ["analytics", HISTORY])

    def test_an_older_word_of_the_browser_stays_older_after_the_merge(self, uk: str) -> None:
        grant(HISTORY, minutes=5)
        self.merge()
        grant("analytics", minutes=3)
        assert api.get_profile(site_id=uk, ref=CUSTOMER).consents[2].granted
        assert self.merge().purposes == frozenset({HISTORY})

    def test_a_later_word_with_either_name_speaks_for_both(self, committed: Any) -> None:
        with committed():
            self.merge()
        with committed():
            grant(HISTORY, minutes=1)
        assert api.get_shopper(site_id="uk", ref=CUSTOMER) == Shopper(CUSTOMER_ID, (ANNA_ID,), frozenset({HISTORY}))

    def test_stays_in_its_site(self, uk: str, de: str) -> None:
        self.merge()
        assert api.list_aliases(site_id=de) == {}


@pytest.mark.django_db(transaction=True)
class TestMergeShoppersConcurrently:
    def test_merges_and_consents_at_once_end_as_one_shopper(self, uk: str) -> None:
        start = Barrier(4)
        outcomes: list[object] = []

        def run(worker: int) -> None:
            try:
                start.wait(timeout=10)
                for turn in range(5):
                    if worker < 2:
                        api.merge_shoppers(site_id="uk", anonymous_id=f"a{turn}", customer_id="c1", now=NOON)
                    else:
                        ref = ShopperRef(anonymous_id=f"a{turn}") if worker == 2 else CUSTOMER
                        grant(HISTORY, minutes=worker * 10 + turn, ref=ref)
                outcomes.append("done")
            except BaseException as error:
                outcomes.append(error)
                raise
            finally:
                connection.close()

        threads = [Thread(target=run, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert outcomes == ["done"] * 4
        assert {row.shopper_id for row in ShopperRow.objects.all()} == {CUSTOMER_ID}
        assert len(api.list_aliases(site_id="uk")) == 5
        for ref in (CUSTOMER, ShopperRef(anonymous_id="a0"), ShopperRef(anonymous_id="a4")):
            found = api.get_shopper(site_id="uk", ref=ref)
            assert found == api.resolve_shoppers(site_id="uk", refs=[ref])[ref]
            assert found is not None
            assert found.purposes == frozenset({HISTORY})


class TestGetProfile:
    def test_refuses_an_unknown_shopper(self, uk: str) -> None:
        with pytest.raises(NotFound):
            api.get_profile(site_id=uk, ref=ANNA)

    def test_refuses_a_reference_to_nobody(self, uk: str) -> None:
        with pytest.raises(Invalid):
            api.get_profile(site_id=uk, ref=ShopperRef())

    def test_does_not_show_the_shopper_of_another_site(self, uk: str, de: str) -> None:
        grant(HISTORY)
        with pytest.raises(NotFound):
            api.get_profile(site_id=de, ref=ANNA)
