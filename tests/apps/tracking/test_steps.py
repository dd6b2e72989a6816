"""What intake decides about one event, without any database."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest

from apps.tracking.contracts import EVENT_TYPES, Envelope, Rules
from apps.tracking.ingest import STEPS
from apps.tracking.steps.draft import Batch, Draft, make_batch
from tests.apps.tracking.scene import BROWSER, NOW, SERVER, make_event

RULES = Rules(site_id="uk", time_zone="Europe/London", retention=timedelta(days=30))

PURCHASE = {"type": "purchase", "order_id": "o-1", "unit_price": "129.00", "currency": "GBP"}


def batch_of(*, is_server: bool = True, rules: Rules = RULES, **envelope: Any) -> Batch:
    caller = SERVER if is_server else BROWSER
    return make_batch(caller=caller, envelope=Envelope(events=[], **envelope), rules=rules, received_at=NOW)


def run(raw: bytes, batch: Batch) -> Draft:
    draft = Draft(0, msgspec.Raw(raw))
    for step in STEPS:
        if draft.reason is None and not draft.duplicate:
            step(draft, batch)
    return draft


def run_event(event: dict[str, Any], **batch: Any) -> Draft:
    return run(msgspec.json.encode(event), batch_of(**batch))


def verdict(draft: Draft) -> tuple[str | None, str | None]:
    return (draft.reason.value if draft.reason else None), draft.field


DROPPED: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "no id": ({"id": None}, "invalid", "id"),
    "id is no UUID": ({"id": "x"}, "invalid", "id"),
    "no type": ({"type": None}, "invalid", "type"),
    "unknown type": ({"type": "stare"}, "invalid", "type"),
    "no time": ({"time": None}, "invalid", "time"),
    "time without offset": ({"time": "2026-11-22T11:00:00"}, "invalid", "time"),
    "time is a number": ({"time": 1_700_000_000}, "invalid", "time"),
    "time is no time": ({"time": "yesterday"}, "invalid", "time"),
    "time before all calendars": ({"time": "0001-01-01T00:00:00+14:00", "historical": True}, "too_old", "time"),
    "time after all calendars": ({"time": "9999-12-31T23:59:59-12:00"}, "in_future", "time"),
    "six minutes ahead": ({"time": (NOW + timedelta(minutes=6)).isoformat()}, "in_future", "time"),
    "before retention": ({"time": (NOW - timedelta(days=31)).isoformat()}, "too_old", "time"),
    "unknown field": ({"colour": "red"}, "invalid", "colour"),
    "unknown field of the context": ({"context": {"x": 1}}, "invalid", "context.x"),
    "position from zero": ({"context": {"position": 0}}, "invalid", "context.position"),
    "unknown channel": ({"context": {"channel": "fax"}}, "invalid", "context.channel"),
    "recommendation id is no UUID": ({"context": {"recommendation_id": "r"}}, "invalid", "context.recommendation_id"),
    "NUL in the item": ({"item_id": "a\0b"}, "invalid", "item_id"),
    "NUL in the query": ({"type": "search", "query": "a\0b"}, "invalid", "query"),
    "blank in the shopper": ({"anonymous_id": "a b"}, "invalid", "anonymous_id"),
    "empty item": ({"item_id": ""}, "invalid", "item_id"),
    "10,000 characters": ({"item_id": "x" * 10_000}, "invalid", "item_id"),
    "item is a number": ({"item_id": 5}, "invalid", "item_id"),
    "item is a list": ({"item_id": ["a"]}, "invalid", "item_id"),
    "quantity of none": ({"quantity": 0}, "invalid", "quantity"),
    "quantity is half": ({"quantity": 0.5}, "invalid", "quantity"),
    "quantity is huge": ({"quantity": 10**30}, "invalid", "quantity"),
    "quantity is text": ({"quantity": "1"}, "invalid", "quantity"),
    "price below nothing": (PURCHASE | {"unit_price": "-0.01"}, "invalid", "unit_price"),
    "price is not a number": (PURCHASE | {"unit_price": "NaN"}, "invalid", "unit_price"),
    "price is a trap": (PURCHASE | {"unit_price": "sNaN"}, "invalid", "unit_price"),
    "price without end": (PURCHASE | {"unit_price": "Infinity"}, "invalid", "unit_price"),
    "price is astronomic": (PURCHASE | {"unit_price": "1e999999"}, "invalid", "unit_price"),
    "price too high": (PURCHASE | {"unit_price": "1000000.01"}, "invalid", "unit_price"),
    "currency in small letters": (PURCHASE | {"currency": "gbp"}, "invalid", "currency"),
    "currency with a line": (PURCHASE | {"currency": "GBP\n"}, "invalid", "currency"),
    "rating above five": ({"type": "rate", "rating": 5.1}, "invalid", "rating"),
    "purpose that nobody knows": ({"consent": ["mind_reading"]}, "invalid", "consent"),
    "view without item": ({"item_id": None}, "missing_field", "item_id"),
    "impression without item": ({"type": "impression", "item_id": None}, "missing_field", "item_id"),
    "search without query": ({"type": "search"}, "missing_field", "query"),
    "rating without stars": ({"type": "rate"}, "missing_field", "rating"),
    "purchase without order": (PURCHASE | {"order_id": None}, "missing_field", "order_id"),
    "purchase without price": (PURCHASE | {"unit_price": None}, "missing_field", "unit_price"),
    "purchase without currency": (PURCHASE | {"currency": None}, "missing_field", "currency"),
    "return without order": (PURCHASE | {"type": "return", "order_id": None}, "missing_field", "order_id"),
    "position of nowhere": ({"context": {"position": 1}}, "inconsistent", "context.position"),
    "answer of nothing": (
        {"context": {"recommendation_id": "0b5c0ed8-6f64-4b39-8c7e-8f3b1d3c8a11"}},
        "inconsistent",
        "context.recommendation_id",
    ),
    "crawler, told by a server": ({"context": {"user_agent": "Googlebot/2.1"}}, "bot", "context.user_agent"),
    "user agent without end": ({"context": {"user_agent": "x" * 1_001}}, "invalid", "context.user_agent"),
    "referrer without end": ({"context": {"referrer": "x" * 2_001}}, "invalid", "context.referrer"),
    "campaign with a blank": ({"context": {"campaign": "a b"}}, "invalid", "context.campaign"),
    "consent of nobody": ({"consent": [], "anonymous_id": None}, "missing_field", "anonymous_id"),
}


class TestDropped:
    @pytest.mark.parametrize(("changes", "reason", "field"), DROPPED.values(), ids=DROPPED)
    def test_it_names_reason_and_field(self, changes: dict[str, Any], reason: str, field: str | None) -> None:
        draft = run_event(make_event(**changes))
        assert verdict(draft) == (reason, field)
        assert draft.message

    def test_the_id_is_told_where_it_can_be_read(self) -> None:
        given = make_event(quantity=0)
        assert run_event(given).event_id == UUID(given["id"])

    @pytest.mark.parametrize("value", [rb'"\ud800"', rb'"\udc00x"', b'"\xff"'])
    def test_broken_text_is_dropped_with_its_field(self, value: bytes) -> None:
        raw = b'{"id":"0b5c0ed8-6f64-4b39-8c7e-8f3b1d3c8a11","type":"view","item_id":' + value + b"}"
        draft = run(raw, batch_of())
        assert verdict(draft) == ("invalid", "item_id")

    @pytest.mark.parametrize("raw", [b"[]", b"1", b"null", b'"text"', b"[" * 100_000 + b"]" * 100_000])
    def test_what_is_no_object_is_dropped(self, raw: bytes) -> None:
        assert verdict(run(raw, batch_of())) == ("invalid", None)


class TestClaims:
    def test_a_browser_may_not_name_a_customer(self) -> None:
        draft = run_event(make_event(customer_id="c-1"), is_server=False)
        assert verdict(draft) == ("not_allowed", "customer_id")

    def test_a_browser_may_not_send_history(self) -> None:
        assert verdict(run_event(make_event(historical=True), is_server=False)) == ("not_allowed", "historical")

    def test_a_browser_may_not_replay(self) -> None:
        assert verdict(run_event(make_event(replay=True), is_server=False)) == ("not_allowed", "replay")

    def test_a_server_may_do_both(self) -> None:
        draft = run_event(make_event(customer_id="c-1", historical=True, time="1999-12-31T12:00:00Z"))
        assert (draft.reason, draft.time) == (None, datetime(1999, 12, 31, 12, tzinfo=UTC))


class TestPassed:
    @pytest.mark.parametrize("name", EVENT_TYPES)
    def test_every_type_passes_with_what_it_needs(self, name: str) -> None:
        whole = make_event(type=name, query="round", rating=4.5, order_id="o-1", unit_price="1", currency="GBP")
        assert run_event(whole).reason is None

    def test_a_search_needs_no_item(self) -> None:
        assert run_event(make_event(type="search", query="round frames", item_id=None)).reason is None

    def test_a_price_has_four_decimals(self) -> None:
        assert run_event(make_event(**PURCHASE | {"unit_price": 9.12345})).unit_price == Decimal("9.1234")

    def test_a_tiny_price_is_nothing(self) -> None:
        assert run_event(make_event(**PURCHASE | {"unit_price": "1e-99999999"})).unit_price == Decimal("0.0000")


class TestTime:
    def test_a_clock_slightly_ahead_is_set_back_but_keeps_its_day(self) -> None:
        draft = run_event(make_event(time=(NOW + timedelta(minutes=4)).isoformat()))
        assert (draft.time, draft.day) == (NOW, NOW.date())

    def test_the_day_is_that_of_utc(self) -> None:
        draft = run_event(make_event(time="2026-11-21T23:30:00-02:00"))
        assert (draft.time, draft.day) == (datetime(2026, 11, 22, 1, 30, tzinfo=UTC), date(2026, 11, 22))


AN_HOUR_AHEAD = NOW + timedelta(hours=1)
SENT: dict[str, tuple[datetime, datetime, datetime]] = {
    # sent at, time of the event, corrected time
    "a clock that is right": (NOW, NOW - timedelta(minutes=2), NOW - timedelta(minutes=2)),
    "five seconds are the network": (
        NOW - timedelta(seconds=5),
        NOW - timedelta(minutes=2),
        NOW - timedelta(minutes=2),
    ),
    "six are not": (NOW - timedelta(seconds=6), NOW - timedelta(minutes=2), NOW - timedelta(seconds=114)),
    "an hour ahead": (AN_HOUR_AHEAD, AN_HOUR_AHEAD - timedelta(minutes=2), NOW - timedelta(minutes=2)),
    "a day behind": (NOW - timedelta(hours=24), NOW - timedelta(hours=25), NOW - timedelta(hours=1)),
    "more than a day behind": (NOW - timedelta(hours=25), NOW - timedelta(hours=26), NOW - timedelta(hours=26)),
    "an event after its sending": (AN_HOUR_AHEAD, AN_HOUR_AHEAD + timedelta(minutes=4), NOW),
}


class TestSkew:
    @pytest.mark.parametrize(("sent_at", "time", "corrected"), SENT.values(), ids=SENT)
    def test_the_time_is_corrected_by_what_the_clock_is_off(
        self, sent_at: datetime, time: datetime, corrected: datetime
    ) -> None:
        draft = run_event(make_event(time=time.isoformat()), sent_at=sent_at)
        assert (draft.reason, draft.time, draft.day) == (None, corrected, time.date())

    def test_a_retry_has_the_same_day(self) -> None:
        time = NOW.replace(hour=0, minute=30) + timedelta(days=1)
        drafts = [
            run_event(make_event(time=time.isoformat()), sent_at=NOW + timedelta(hours=13, seconds=late))
            for late in (0, 90)
        ]
        assert [(draft.reason, draft.day) for draft in drafts] == [(None, date(2026, 11, 23))] * 2

    def test_six_minutes_after_its_sending_is_the_future(self) -> None:
        late = AN_HOUR_AHEAD + timedelta(minutes=6)
        draft = run_event(make_event(time=late.isoformat()), sent_at=AN_HOUR_AHEAD)
        assert verdict(draft) == ("in_future", "time")

    def test_what_is_too_old_is_told_by_the_corrected_time(self) -> None:
        time = NOW - timedelta(days=30, minutes=30)
        assert verdict(run_event(make_event(time=time.isoformat()))) == ("too_old", "time")
        assert run_event(make_event(time=time.isoformat()), sent_at=NOW - timedelta(hours=1)).reason is None

    @pytest.mark.parametrize("kind", ["historical", "replay"])
    def test_an_import_is_not_corrected(self, kind: str) -> None:
        time = NOW - timedelta(days=3)
        draft = run_event(make_event(time=time.isoformat(), **{kind: True}), sent_at=NOW - timedelta(hours=2))
        assert draft.time == time

    @pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
    def test_ends_of_calendars_are_dropped(self, time: str) -> None:
        assert run_event(make_event(time=time), sent_at=NOW - timedelta(hours=2)).reason is not None


CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1 Version/17.0 Mobile/15E148 Safari/604"


class TestBots:
    def test_a_crawler_that_calls_is_dropped(self) -> None:
        assert verdict(run_event(make_event(), is_server=False, user_agent=CRAWLER)) == ("bot", None)

    def test_a_site_may_keep_them(self) -> None:
        rules = Rules(site_id="uk", time_zone="UTC", retention=timedelta(days=30), drop_bots=False)
        draft = run_event(make_event(), is_server=False, user_agent=CRAWLER, rules=rules)
        assert (draft.reason, draft.device) == (None, "other")

    def test_the_server_that_calls_is_not_the_shopper(self) -> None:
        draft = run_event(make_event(), user_agent="python-requests/2.31")
        assert (draft.reason, draft.device) == (None, None)

    def test_a_browser_cannot_tell_another_user_agent(self) -> None:
        told = make_event(context={"user_agent": PHONE})
        assert verdict(run_event(told, is_server=False, user_agent=CRAWLER)) == ("bot", None)

    @pytest.mark.parametrize("user_agent", [None, ""])
    def test_no_user_agent_is_no_bot(self, user_agent: str | None) -> None:
        draft = run_event(make_event(), is_server=False, user_agent=user_agent)
        assert (draft.reason, draft.device) == (None, None)

    def test_the_device_is_that_of_the_shopper(self) -> None:
        assert run_event(make_event(context={"user_agent": PHONE})).device == "mobile"
        assert run_event(make_event(), is_server=False, user_agent=PHONE).device == "mobile"


class TestReferrer:
    def test_it_is_unknown_where_nobody_tells(self) -> None:
        assert run_event(make_event()).referrer is None

    def test_the_page_that_calls_is_ours(self) -> None:
        told = make_event(context={"referrer": "https://shop.example/p/1"})
        assert run_event(told).referrer == "other"
        assert run_event(told, origin="https://shop.example").referrer == "internal"

    def test_where_a_key_may_be_used_is_ours(self) -> None:
        rules = Rules(
            site_id="uk", time_zone="UTC", retention=timedelta(days=30), own_hosts=frozenset({"shop.example"})
        )
        told = make_event(context={"referrer": "https://shop.example/p/1"})
        assert run_event(told, rules=rules).referrer == "internal"


class TestDuplicates:
    def test_the_same_id_and_day_counts_once(self) -> None:
        batch = batch_of()
        given = msgspec.Raw(msgspec.json.encode(make_event()))
        drafts = [Draft(0, given), Draft(1, given)]
        for draft in drafts:
            for step in STEPS:
                step(draft, batch)
        assert [draft.duplicate for draft in drafts] == [False, True]

    def test_what_was_dropped_hides_nothing(self) -> None:
        batch = batch_of()
        good = make_event()
        bad = run(msgspec.json.encode(good | {"context": {"position": 1}}), batch)
        assert (verdict(bad)[0], run(msgspec.json.encode(good), batch).duplicate) == ("inconsistent", False)
