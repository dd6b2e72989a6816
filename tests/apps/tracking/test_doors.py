"""The other doors over HTTP: a picture's address, lines of events, and what the request says of a shopper."""

import gzip
import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.profiles import api as profiles
from apps.tracking import api
from apps.tracking.contracts import TrackedEvent
from apps.tracking.rest.pixel import GIF
from apps.tracking.services import bulk, rules
from apps.tracking.stream.postgres import PostgresStream
from specrec.kernel import clock
from specrec.kernel.errors import Unavailable
from tests.apps.tracking.scene import make_event, open_site
from tests.apps.tracking.test_stitching import streamed

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1 Version/17.0 Mobile/15E148 Safari/604"
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.fixture(autouse=True)
def _site(transactional_db: None) -> Iterator[None]:
    open_site()
    rules.forget_rules()
    yield
    rules.forget_rules()


@pytest.fixture
def secret_key() -> str:
    return profiles.create_key(site_id="uk", kind="secret", name="server").secret


@pytest.fixture
def browser_key() -> str:
    origins = ["https://shop.example"]
    return profiles.create_key(site_id="uk", kind="publishable", name="shop", allowed_origins=origins).secret


def current(**changes: Any) -> dict[str, Any]:
    return make_event(**{"time": clock.now().isoformat()} | changes)


def stored() -> int:
    return api.status()["table"]


def only() -> TrackedEvent:
    (event,) = streamed()
    return event


def post(path: str, body: bytes, **headers: str) -> Any:
    return Client().post(path, data=body, content_type="application/json", headers=headers)


class TestRequest:
    def test_the_browser_tells_the_device_and_its_page(self, browser_key: str) -> None:
        event = current(context={"referrer": "https://shop.example/p/1", "campaign": "spring"})
        headers = {"X-Specrec-Key": browser_key, "Origin": "https://shop.example", "User-Agent": PHONE}
        assert post("/v1/events", json.dumps(event).encode(), **headers).json()["accepted"] == 1
        assert (only().device, only().referrer, only().campaign) == ("mobile", "internal", "spring")

    def test_a_crawler_is_dropped(self, browser_key: str) -> None:
        answer = post(
            "/v1/events", json.dumps(current()).encode(), **{"X-Specrec-Key": browser_key, "User-Agent": CRAWLER}
        )
        assert (answer.status_code, answer.json()["results"][0]["reason"]) == (202, "bot")

    def test_a_server_that_is_a_program_is_not(self, secret_key: str) -> None:
        headers = {"X-Specrec-Key": secret_key, "User-Agent": "python-requests/2.31.0"}
        assert post("/v1/events", json.dumps(current()).encode(), **headers).json()["accepted"] == 1

    def test_the_time_is_corrected_by_sent_at(self, secret_key: str) -> None:
        ahead = clock.now() + timedelta(hours=2)
        body = {"events": [current(time=(ahead - timedelta(minutes=5)).isoformat())], "sent_at": ahead.isoformat()}
        assert post("/v1/events", json.dumps(body).encode(), **{"X-Specrec-Key": secret_key}).json()["accepted"] == 1
        assert timedelta(minutes=4) < clock.now() - only().time < timedelta(minutes=7)

    def test_so_it_is_in_a_beacon(self, browser_key: str) -> None:
        ahead = clock.now() + timedelta(hours=2)
        body = {"key": browser_key, "events": [current(time=ahead.isoformat())], "sent_at": ahead.isoformat()}
        answer = post("/v1/events/beacon", json.dumps(body).encode(), **{"User-Agent": PHONE})
        assert (answer.json()["accepted"], only().device) == (1, "mobile")

    @pytest.mark.parametrize("sent_at", ["yesterday", 5, "2026-11-22T10:00:00", [], ""])
    def test_a_sent_at_that_is_none_is_refused(self, secret_key: str, sent_at: object) -> None:
        body = json.dumps({"events": [current()], "sent_at": sent_at}).encode()
        answer = post("/v1/events", body, **{"X-Specrec-Key": secret_key})
        assert (answer.status_code, answer.json()["field"], stored()) == (400, "sent_at", 0)

    def test_a_null_is_the_same_as_nothing(self, secret_key: str) -> None:
        body = json.dumps({"events": [current()], "sent_at": None}).encode()
        assert post("/v1/events", body, **{"X-Specrec-Key": secret_key}).json()["accepted"] == 1


def load(key: str | None, *, page: str | None = None, agent: str | None = None, **parameters: str) -> Any:
    headers = {name: value for name, value in (("Referer", page), ("User-Agent", agent)) if value}
    given = parameters | ({} if key is None else {"key": key})
    return Client().get("/v1/events/pixel.gif", {"type": "view", "item_id": "frame-1"} | given, headers=headers)


class TestPixel:
    def test_it_is_a_picture_that_nobody_keeps(self, browser_key: str) -> None:
        answer = load(browser_key)
        assert (answer.status_code, answer.content, len(answer.content)) == (200, GIF, 43)
        assert (answer["Content-Type"], answer["Cache-Control"]) == ("image/gif", "no-store")
        assert answer["Specrec-Result"] == "accepted"

    def test_every_field_may_be_told(self, browser_key: str) -> None:
        own, slate, time = uuid.uuid4(), uuid.uuid4(), clock.now() - timedelta(minutes=2)
        answer = load(
            browser_key,
            page="https://shop.example/p/1",
            agent=PHONE,
            type="purchase",
            id=str(own),
            time=time.isoformat(),
            anonymous_id="ada",
            consent="history_personalisation,analytics",
            quantity="2",
            unit_price="9.50",
            currency="GBP",
            order_id="o-1",
            placement="home",
            position="3",
            recommendation_id=str(slate),
            channel="email",
            campaign="spring",
        )
        assert answer["Specrec-Result"] == "accepted"
        event = only()
        assert (event.event_id, event.time, event.quantity, event.order_id) == (own, time, 2, "o-1")
        assert (event.placement, event.position, event.recommendation_id) == ("home", 3, slate)
        assert (event.channel, event.campaign, event.device, event.shopper_id is None) == (
            "email",
            "spring",
            "mobile",
            False,
        )

    def test_a_rating(self, browser_key: str) -> None:
        assert load(browser_key, type="rate", rating="4.5")["Specrec-Result"] == "accepted"
        assert only().rating == 4.5

    @pytest.mark.parametrize(
        ("parameters", "told"),
        [
            ({"type": "stare"}, "dropped; reason=invalid; field=type"),
            ({"item_id": ""}, "dropped; reason=invalid; field=item_id"),
            ({"id": "x"}, "dropped; reason=invalid; field=id"),
            ({"time": "now"}, "dropped; reason=invalid; field=time"),
            ({"position": "third"}, "dropped; reason=invalid; field=context.position"),
            ({"quantity": "9" * 5_000}, "dropped; reason=invalid; field=quantity"),
            ({"quantity": "²"}, "dropped; reason=invalid; field=quantity"),
            ({"type": "rate", "rating": "nan"}, "dropped; reason=missing_field; field=rating"),
            ({"type": "rate", "rating": "many"}, "dropped; reason=invalid; field=rating"),
            ({"type": "purchase"}, "dropped; reason=missing_field; field=order_id"),
            ({"position": "1"}, "dropped; reason=inconsistent; field=context.position"),
            ({"customer_id": "c-1"}, "dropped; reason=not_allowed; field=customer_id"),
            ({"historical": "true"}, "dropped; reason=not_allowed; field=historical"),
            ({"consent": "mind_reading", "anonymous_id": "ada"}, "dropped; reason=invalid; field=consent"),
            ({"colour": "red"}, "dropped; reason=invalid; field=colour"),
            ({"a\r\nSet-Cookie": "b"}, "dropped; reason=invalid"),
            ({"ä": "b"}, "dropped; reason=invalid"),
            ({"context": "x"}, "dropped; reason=invalid; field=context"),
        ],
    )
    def test_a_drop_has_its_reason(self, browser_key: str, parameters: dict[str, str], told: str) -> None:
        answer = load(browser_key, **parameters)
        assert (answer.status_code, answer.content, answer["Specrec-Result"]) == (200, GIF, told)
        assert stored() == 0

    def test_a_crawler_is_dropped(self, browser_key: str) -> None:
        assert load(browser_key, agent=CRAWLER)["Specrec-Result"] == "dropped; reason=bot"

    def test_a_key_is_needed(self) -> None:
        answer = load(None)
        assert (answer.status_code, answer.content, answer["Specrec-Result"]) == (200, GIF, "refused; code=missing_key")

    @pytest.mark.parametrize(("key", "code"), [("pk_x_y", "unknown_key"), ("nonsense", "malformed_key")])
    def test_an_unknown_key_is_refused(self, key: str, code: str) -> None:
        assert load(key)["Specrec-Result"] == f"refused; code={code}"

    def test_a_secret_key_is_refused(self, secret_key: str) -> None:
        assert load(secret_key)["Specrec-Result"] == "refused; code=secret_key_in_browser"
        assert stored() == 0

    def test_a_key_without_the_scope_is_refused(self) -> None:
        key = profiles.create_key(site_id="uk", kind="publishable", name="r", scopes=["recommend:read"]).secret
        assert load(key)["Specrec-Result"] == "refused; code=missing_scope"

    @pytest.mark.parametrize(
        "page",
        ["https://evil.test/", "https://shop.example.evil.test/", "http://shop.example/", "http://[", "nonsense"],
    )
    def test_another_page_is_refused(self, browser_key: str, page: str) -> None:
        assert load(browser_key, page=page)["Specrec-Result"] == "refused; code=origin_not_allowed"
        assert stored() == 0

    @pytest.mark.parametrize("accept", ["image/*", "image/gif", "image/avif,image/webp;q=0.8", "text/html"])
    def test_it_is_a_picture_whatever_is_asked_for(self, browser_key: str, accept: str) -> None:
        given = {"key": browser_key, "type": "view", "item_id": "frame-1"}
        answer = Client().get("/v1/events/pixel.gif", given, headers={"Accept": accept})
        assert (answer.status_code, answer.content, answer["Specrec-Result"]) == (200, GIF, "accepted")

    def test_a_parameter_named_format_chooses_nothing(self, browser_key: str) -> None:
        answer = load(browser_key, format="json")
        assert (answer.status_code, answer["Specrec-Result"]) == (200, "dropped; reason=invalid; field=format")

    def test_whoever_asks_only_for_its_head_has_seen_nothing(self, browser_key: str) -> None:
        given = {"key": browser_key, "type": "view", "item_id": "frame-1"}
        answer = Client().head("/v1/events/pixel.gif", given)
        assert (answer.status_code, answer["Content-Type"], answer["Specrec-Result"]) == (200, "image/gif", "none")
        assert stored() == 0

    def test_it_is_read_only_by_get(self, browser_key: str) -> None:
        assert Client().post("/v1/events/pixel.gif", {"key": browser_key}).status_code == 405


def send(key: str, body: bytes, **headers: str) -> Any:
    given = {"X-Specrec-Key": key} | headers
    return Client(raise_request_exception=False).post(
        "/v1/events/bulk", data=body, content_type="application/x-ndjson", headers=given
    )


def lines(*events: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


class TestBulk:
    def test_lines_are_counted(self, secret_key: str) -> None:
        good, bad = current(), current(item_id=None)
        answer = send(secret_key, lines(good, bad, good))
        assert (answer.status_code, answer.json()) == (
            202,
            {
                "lines": 3,
                "accepted": 1,
                "duplicate": 1,
                "dropped": 1,
                "problems": [
                    {
                        "line": 2,
                        "reason": "missing_field",
                        "id": bad["id"],
                        "field": "item_id",
                        "message": "An event of type view needs item_id.",
                    }
                ],
            },
        )

    def test_many_slices(self, secret_key: str) -> None:
        body = lines(*[current() for _ in range(2_500)])
        answer = send(secret_key, gzip.compress(body), **{"Content-Encoding": "gzip"})
        assert (answer.json()["lines"], answer.json()["accepted"], stored()) == (2_500, 2_500, 2_500)

    def test_lines_keep_their_numbers(self, secret_key: str) -> None:
        body = b"\xef\xbb\xbf\r\n" + lines(current()) + b"   \n{broken\n" + lines(current()).strip()
        answer = send(secret_key, body).json()
        assert (answer["lines"], answer["accepted"]) == (3, 2)
        assert [(one["line"], one["reason"]) for one in answer["problems"]] == [(4, "invalid")]

    def test_a_hundred_problems_are_told(self, secret_key: str) -> None:
        answer = send(secret_key, b"5\n" * 1_205).json()
        assert (answer["dropped"], len(answer["problems"]), answer["problems"][-1]["line"]) == (1_205, 100, 100)

    def test_history_and_replay(self, secret_key: str) -> None:
        old = {"time": "2020-01-01T00:00:00Z", "historical": True}
        answer = send(secret_key, lines(current(**old), current(**old | {"replay": True}), current(replay=True)))
        assert answer.json()["accepted"] == 3
        assert [event.replay for event in streamed()] == [False, True, True]

    def test_what_is_written_when_the_stream_goes_away_is_told(
        self, secret_key: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bulk, "MAX_EVENTS", 10)
        append, calls = PostgresStream.append, iter([True, True, False])

        def falter(self: PostgresStream, records: Any) -> None:
            if not next(calls):
                raise Unavailable("away", code="stream_unavailable")
            append(self, records)

        monkeypatch.setattr(PostgresStream, "append", falter)
        answer = send(secret_key, b"\n" + lines(*[current() for _ in range(35)]))
        assert answer.status_code == 503
        told = answer.json()
        assert (told["code"], told["accepted_lines"], told["accepted"], stored()) == ("stream_unavailable", 21, 20, 20)

    @pytest.mark.parametrize("body", [b"", b"\n \r\n", b"\xef\xbb\xbf\n"])
    def test_no_lines_are_refused(self, secret_key: str, body: bytes) -> None:
        answer = send(secret_key, body)
        assert (answer.status_code, answer.json()["code"]) == (400, "no_events")

    def test_a_publishable_key_is_refused(self, browser_key: str) -> None:
        answer = send(browser_key, lines(current()))
        assert (answer.status_code, answer.json()["code"], stored()) == (403, "bulk_needs_secret_key", 0)

    def test_it_is_so_before_anything_is_unpacked(self, browser_key: str) -> None:
        answer = send(browser_key, b"no gzip", **{"Content-Encoding": "gzip"})
        assert (answer.status_code, answer.json()["code"]) == (403, "bulk_needs_secret_key")

    def test_without_a_key_it_is_refused(self) -> None:
        assert Client().post("/v1/events/bulk", data=b"{}", content_type="text/plain").status_code == 401

    def test_a_bomb_is_refused(self, secret_key: str) -> None:
        bomb = gzip.compress(b"\n" * (64 * 1_048_576 + 1))
        answer = send(secret_key, bomb, **{"Content-Encoding": "gzip"})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    @pytest.mark.parametrize(("encoding", "code"), [("gzip", "malformed_gzip"), ("br", "unknown_encoding")])
    def test_what_is_not_gzip_is_refused(self, secret_key: str, encoding: str, code: str) -> None:
        answer = send(secret_key, b"5", **{"Content-Encoding": encoding})
        assert (answer.status_code, answer.json()["code"]) == (400, code)
