"""Consent: the newest word holds, in whatever order words arrive."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.profiles import api
from apps.profiles.contracts import PURPOSES, Caller, ConsentInput, ConsentSignal, ShopperRef
from apps.profiles.models import Consent, ConsentRecord, Shopper, ShopperIdentity
from specrec.kernel.errors import Denied, Invalid
from tests.apps.profiles.conftest import NOON

ANNA = ShopperRef(anonymous_id="anna")
HISTORY = "history_personalisation"
PUBLISHABLE = Caller("k", "uk", "publishable", frozenset({"shoppers:write"}))
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
YEAR_ONE = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
SECRET = Caller("s", "uk", "secret", frozenset({"shoppers:write"}))


def said(granted: Iterable[str], minutes: int = 0, ref: ShopperRef = ANNA, source: str = "web") -> ConsentSignal:
    return ConsentSignal(ref, frozenset(granted), NOON + timedelta(minutes=minutes), source)


def record(*signals: ConsentSignal, site_id: str = "uk") -> None:
    api.record_consents(site_id=site_id, signals=signals)


def words_of(**more: Any) -> ConsentInput:
    return ConsentInput(granted=["history_personalisation"], **more)


def purposes_of(ref: ShopperRef = ANNA, site_id: str = "uk") -> set[str]:
    """Return what serving, intake and the back office agree on."""
    served = api.get_shopper(site_id=site_id, ref=ref)
    assert served is not None
    resolved = api.resolve_shoppers(site_id=site_id, refs=[ref])[ref]
    assert served == resolved
    return set(served.purposes)


class TestRecordConsents:
    def test_creates_the_shopper_with_what_was_granted(self, uk: str) -> None:
        record(said([HISTORY]))
        consents = api.get_profile(site_id=uk, ref=ANNA).consents
        assert {word.purpose: word.granted for word in consents} == {p: p == HISTORY for p in PURPOSES}
        assert {(word.at, word.source) for word in consents} == {(NOON, "web")}

    def test_a_newer_word_withdraws_what_it_does_not_grant(self, uk: str) -> None:
        record(said([HISTORY, "analytics"]))
        record(said(["analytics"], minutes=1))
        assert purposes_of() == {"analytics"}

    def test_an_older_word_changes_nothing(self, uk: str) -> None:
        record(said([], minutes=1))
        record(said([HISTORY], minutes=0))
        assert purposes_of() == set()
        assert ConsentRecord.objects.count() == 1

    def test_the_same_word_again_writes_nothing(self, uk: str) -> None:
        record(said([HISTORY]))
        before = list(Shopper.objects.values())
        record(said([HISTORY]))
        assert list(Shopper.objects.values()) == before
        assert ConsentRecord.objects.count() == 1

    def test_a_newer_word_that_says_the_same_only_moves_the_time_that_older_words_must_pass(self, uk: str) -> None:
        record(said([HISTORY]), said([], minutes=1))
        record(said([], minutes=5))
        record(said([HISTORY], minutes=3))
        assert purposes_of() == set()
        assert ConsentRecord.objects.count() == 1

    def test_of_two_words_at_the_same_moment_holds_what_both_grant(self, uk: str) -> None:
        record(said([HISTORY, "analytics"]))
        record(said(["analytics", "marketing_email"]))
        assert purposes_of() == {"analytics"}

    def test_keeps_the_history_with_time_and_source(self, uk: str) -> None:
        record(said([HISTORY], source="web"))
        record(said([], minutes=1, source="store"))
        rows = ConsentRecord.objects.order_by("at").values_list("granted", "at", "source")
        assert list(rows) == [([HISTORY], NOON, "web"), ([], NOON + timedelta(minutes=1), "store")]

    def test_ignores_purposes_that_nobody_knows(self, uk: str) -> None:
        record(said([HISTORY, "world_domination"]))
        assert purposes_of() == {HISTORY}

    def test_ignores_a_reference_to_nobody(self, uk: str) -> None:
        record(said([HISTORY], ref=ShopperRef()))
        assert not Shopper.objects.exists()

    @pytest.mark.parametrize("at", [YEAR_ONE, EARLIEST - MOMENT])
    def test_ignores_a_word_of_a_broken_clock_and_hears_the_others(self, uk: str, at: datetime) -> None:
        ben = ShopperRef(anonymous_id="ben")
        record(ConsentSignal(ANNA, frozenset({HISTORY}), at, "event"), said([HISTORY], ref=ben))
        assert purposes_of() == set()
        assert purposes_of(ben) == {HISTORY}
        record(said(["analytics"]))
        assert purposes_of() == {"analytics"}

    def test_stays_in_its_site(self, uk: str, de: str) -> None:
        record(said([HISTORY]), site_id=uk)
        assert purposes_of(site_id=de) == set()

    def test_writes_a_batch_with_a_constant_number_of_queries(
        self, uk: str, django_assert_max_num_queries: Any
    ) -> None:
        batch = [said([HISTORY], ref=ShopperRef(anonymous_id=f"a{number}")) for number in range(1_000)]
        with django_assert_max_num_queries(16):
            record(*batch)
        assert Shopper.objects.count() == 1_000

    def test_both_names_of_a_merged_shopper_in_one_batch_are_one_shopper(self, uk: str, now: datetime) -> None:
        api.merge_shoppers(site_id=uk, anonymous_id="anna", customer_id="c1", now=now)
        record(said([HISTORY], minutes=1, ref=ShopperRef(customer_id="c1")), said([], minutes=2))
        assert purposes_of() == set()
        assert purposes_of(ShopperRef(customer_id="c1")) == set()

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        words=st.lists(st.tuples(st.sets(st.sampled_from(PURPOSES)), st.integers(0, 4)), min_size=1, max_size=6),
        data=st.data(),
    )
    def test_neither_order_nor_batching_matters(
        self, uk: str, *, words: list[tuple[set[str], int]], data: st.DataObject
    ) -> None:
        newest = max(minutes for _, minutes in words)
        expected = set.intersection(*(granted for granted, minutes in words if minutes == newest))
        for _ in range(2):
            ref = ShopperRef(anonymous_id=uuid4().hex)
            left = data.draw(st.permutations(words))
            while left:
                size = data.draw(st.integers(1, len(left)))
                record(*(said(granted, minutes, ref) for granted, minutes in left[:size]))
                left = left[size:]
            assert purposes_of(ref) == expected


@pytest.mark.django_db(transaction=True)
class TestRecordConsentsConcurrently:
    def test_overlapping_batches_neither_deadlock_nor_lose_a_word(self, uk: str) -> None:
        refs = [ShopperRef(anonymous_id=f"a{number}") for number in range(60)]
        start = Barrier(4)
        failures: list[BaseException] = []

        def send(worker: int) -> None:
            order = refs if worker % 2 else refs[::-1]
            try:
                start.wait(timeout=10)
                for turn in range(5):
                    minutes = turn * 4 + worker
                    record(*(said([HISTORY] if minutes == 19 else [], minutes, ref) for ref in order))
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
        assert all(purposes_of(ref) == {HISTORY} for ref in refs)
        assert ShopperIdentity.objects.count() == Shopper.objects.count() == 60
        assert Consent.objects.count() == 60 * len(PURPOSES)


class TestSetConsent:
    def test_answers_what_holds_now(self, uk: str, now: datetime) -> None:
        answer = api.set_consent(caller=PUBLISHABLE, said=words_of(anonymous_id="anna"), now=now)
        assert answer.granted == ["history_personalisation"]

    def test_answers_the_newer_word_when_an_older_one_comes_late(self, uk: str, now: datetime) -> None:
        record(said(["analytics"]))
        late = words_of(anonymous_id="anna", at=now - timedelta(days=1))
        assert api.set_consent(caller=PUBLISHABLE, said=late, now=now).granted == ["analytics"]

    def test_a_word_dated_ahead_does_not_outlive_the_next_one(self, uk: str, now: datetime) -> None:
        ahead = words_of(anonymous_id="anna", at=now + timedelta(minutes=4))
        assert api.set_consent(caller=PUBLISHABLE, said=ahead, now=now).granted == [HISTORY]
        withdrawal = ConsentInput(granted=[], anonymous_id="anna")
        assert api.set_consent(caller=PUBLISHABLE, said=withdrawal, now=now + MOMENT).granted == []
        assert ConsentRecord.objects.earliest("at").at == now

    def test_takes_the_earliest_time(self, uk: str, now: datetime) -> None:
        said = words_of(anonymous_id="anna", at=EARLIEST)
        assert api.set_consent(caller=PUBLISHABLE, said=said, now=now).granted == [HISTORY]

    @pytest.mark.parametrize(
        ("caller", "words", "error", "field"),
        [
            (PUBLISHABLE, {"customer_id": "c1"}, Denied, "customer_id"),
            (SECRET, {}, Invalid, "anonymous_id"),
            (SECRET, {"customer_id": "c1", "at": NOON + timedelta(minutes=6)}, Invalid, "at"),
            (SECRET, {"customer_id": "c1", "at": EARLIEST - MOMENT}, Invalid, "at"),
            (
                SECRET,
                {"customer_id": "c1", "at": YEAR_ONE},
                Invalid,
                "at",
            ),
        ],
    )
    def test_refuses_and_writes_nothing(
        self, uk: str, now: datetime, *, caller: Caller, words: dict[str, Any], error: type[Invalid], field: str
    ) -> None:
        with pytest.raises(error) as refused:
            api.set_consent(caller=caller, said=words_of(**words), now=now)
        assert refused.value.field == field
        assert not ConsentRecord.objects.exists()
