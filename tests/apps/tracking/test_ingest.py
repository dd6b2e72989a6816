"""Taking a batch in: consent, identity, durability, all or nothing."""

import uuid
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from apps.profiles import api as profiles
from apps.profiles.contracts import ShopperRef
from apps.tracking import api
from apps.tracking.contracts import EventResult, TrackedEvent
from apps.tracking.stream.postgres import PostgresStream
from specrec.kernel import ids
from specrec.kernel.errors import Invalid, TooLarge, Unavailable
from tests.apps.tracking.scene import BROWSER, HISTORY, NOW, SERVER, ingest, make_event, open_site

pytestmark = pytest.mark.django_db(transaction=True)
ADA = ids.shopper_id("uk", "anonymous", "ada")


@pytest.fixture(autouse=True)
def _site(transactional_db: None) -> None:
    open_site()


def streamed() -> list[TrackedEvent]:
    found: list[TrackedEvent] = []
    asked = iter([False, True])
    for batch in api.follow(group="test", find_positions=lambda _: {}, limit=1_000, wait=0.0, stop=lambda: next(asked)):
        found += batch.events
    return found


class TestResult:
    def test_each_event_has_its_result_in_order(self) -> None:
        good, bad = make_event(), make_event(quantity=0)
        result = ingest(good, bad, good)
        assert (result.accepted, result.duplicate, result.dropped) == (1, 1, 1)
        assert result.results == [
            EventResult(0, "accepted", uuid.UUID(good["id"])),
            EventResult(1, "dropped", uuid.UUID(bad["id"]), "invalid", "quantity", "Expected `int` >= 1."),
            EventResult(2, "duplicate", uuid.UUID(good["id"])),
        ]

    def test_a_dropped_event_does_not_hide_a_good_one_with_its_id(self) -> None:
        good = make_event()
        result = ingest(good | {"quantity": 0}, good)
        assert [one.status for one in result.results] == ["dropped", "accepted"]

    def test_only_the_accepted_are_in_the_stream(self) -> None:
        good = make_event()
        ingest(good, make_event(item_id=None), good)
        assert [event.event_id for event in streamed()] == [uuid.UUID(good["id"])]

    def test_an_empty_batch_is_refused(self) -> None:
        with pytest.raises(Invalid) as raised:
            ingest()
        assert (raised.value.code, raised.value.field) == ("no_events", "events")

    def test_a_thousand_are_taken_and_one_more_is_not(self) -> None:
        events = [make_event() for _ in range(1_001)]
        with pytest.raises(TooLarge) as raised:
            ingest(*events)
        assert (raised.value.code, streamed()) == ("too_many_events", [])
        assert ingest(*events[:1_000]).accepted == 1_000


class TestConsent:
    def test_without_consent_nobody_is_remembered(self) -> None:
        ingest(make_event())
        assert [(one.shopper_id, one.session_id, one.item_id) for one in streamed()] == [(None, None, "frame-1")]

    def test_without_consent_a_purchase_is_kept_without_its_order(self) -> None:
        order = {"type": "purchase", "order_id": "o-1", "unit_price": "9.50", "currency": "GBP"}
        ingest(make_event(**order), make_event(**order, anonymous_id="bea", consent=HISTORY))
        assert sorted((one.order_id or "", str(one.unit_price)) for one in streamed()) == [
            ("", "9.5000"),
            ("o-1", "9.5000"),
        ]

    def test_without_consent_a_purchase_still_needs_its_order(self) -> None:
        result = ingest(make_event(type="purchase", unit_price="9.50", currency="GBP"))
        assert (result.results[0].reason, result.results[0].field) == ("missing_field", "order_id")

    def test_with_consent_shopper_and_session_are_kept(self) -> None:
        ingest(make_event(consent=HISTORY))
        assert [(one.shopper_id, one.session_id) for one in streamed()] == [(ADA, "visit-1")]

    def test_consent_once_given_holds_for_later_events(self) -> None:
        ingest(make_event(consent=HISTORY))
        ingest(make_event())
        assert [one.shopper_id for one in streamed()] == [ADA, ADA]

    def test_consent_to_something_else_is_not_enough(self) -> None:
        ingest(make_event(consent=["analytics"]))
        assert [(one.shopper_id, one.session_id) for one in streamed()] == [(None, None)]

    def test_an_empty_list_takes_consent_back(self) -> None:
        ingest(make_event(consent=HISTORY, time=(NOW - timedelta(minutes=3)).isoformat()))
        ingest(make_event(consent=[]))
        assert [one.shopper_id for one in streamed()] == [ADA, None]
        shopper = profiles.get_shopper(site_id="uk", ref=ShopperRef(anonymous_id="ada"))
        assert shopper is not None
        assert shopper.purposes == frozenset()

    def test_a_later_yes_of_its_batch_does_not_make_a_no_personal(self) -> None:
        ingest(
            make_event(consent=["analytics"], time=(NOW - timedelta(minutes=3)).isoformat()),
            make_event(consent=HISTORY),
        )
        assert [(one.shopper_id, one.session_id) for one in streamed()] == [(None, None), (ADA, "visit-1")]

    def test_a_later_yes_that_came_before_it_does_not_either(self) -> None:
        ingest(make_event(consent=HISTORY))
        ingest(make_event(consent=[], time=(NOW - timedelta(minutes=3)).isoformat()))
        assert [(one.shopper_id, one.session_id) for one in streamed()] == [(ADA, "visit-1"), (None, None)]

    def test_a_dropped_event_says_nothing_about_consent(self) -> None:
        ingest(make_event(consent=HISTORY, item_id=None))
        ingest(make_event())
        assert [one.shopper_id for one in streamed()] == [None]

    def test_consent_is_of_one_site(self) -> None:
        ingest(make_event(consent=HISTORY))
        assert ids.shopper_id("de", "anonymous", "ada") != ADA

    def test_an_event_of_nobody_is_kept(self) -> None:
        ingest(make_event(anonymous_id=None))
        assert [one.shopper_id for one in streamed()] == [None]

    def test_a_merged_shopper_is_the_customer(self) -> None:
        customer = ids.shopper_id("uk", "customer", "c-1")
        ingest(make_event(consent=HISTORY))
        ingest(make_event(customer_id="c-1", consent=HISTORY))
        profiles.merge_shoppers(site_id="uk", anonymous_id="ada", customer_id="c-1", now=NOW)
        ingest(make_event())
        assert [one.shopper_id for one in streamed()] == [ADA, customer, customer]


class TestQueries:
    def test_a_batch_without_consent_takes_a_constant_number(self, django_assert_num_queries: Any) -> None:
        events = [make_event(anonymous_id=f"shopper-{number}") for number in range(50)]
        ingest(make_event())  # the rules of the site are remembered for some seconds, and a lease for two
        with django_assert_num_queries(4):  # BEGIN, shoppers, COPY, COMMIT
            ingest(*events)
        with django_assert_num_queries(3):  # BEGIN, COPY, COMMIT: Redis knows the shoppers
            ingest(*events)
        with django_assert_num_queries(3):
            ingest(*[make_event() for _ in range(500)])


class TestClaims:
    def test_a_browser_that_names_a_customer_is_told_so(self) -> None:
        result = ingest(make_event(customer_id="c-1"), caller=BROWSER)
        assert (result.results[0].reason, result.results[0].field) == ("not_allowed", "customer_id")
        assert streamed() == []


class TestDurability:
    def test_a_promise_cannot_be_made_within_a_transaction(self) -> None:
        with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
            ingest(make_event())

    def test_what_was_accepted_is_seen_by_another_session_at_once(self) -> None:
        ingest(make_event())
        connection.close()
        assert len(streamed()) == 1

    def test_when_the_stream_is_down_nothing_is_written(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise OperationalError

        with monkeypatch.context() as patched:
            patched.setattr(PostgresStream, "append", fail)
            with pytest.raises(Unavailable):
                ingest(make_event(consent=HISTORY))
        assert streamed() == []
        assert (
            profiles.resolve_shoppers(site_id="uk", refs=[ShopperRef(anonymous_id="ada")])[
                ShopperRef(anonymous_id="ada")
            ].purposes
            == frozenset()
        )

    def test_when_postgres_goes_away_it_is_unavailable_and_then_back(self) -> None:
        assert ingest(make_event()).accepted == 1
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
        with _own_connection() as other:
            other.execute("SELECT pg_terminate_backend(%s)", [pid])
        with pytest.raises(Unavailable):
            ingest(make_event())
        connection.close()
        assert ingest(make_event(), caller=SERVER).accepted == 1
        assert len(streamed()) == 2


def _own_connection() -> Any:
    given = connection.get_connection_params() | {"dbname": connection.settings_dict["NAME"], "autocommit": True}
    return psycopg.connect(**given)
