"""The collector over HTTP: what is wrong is named, nothing is a 5xx, nothing is half-written."""

import gzip
import json
from typing import Any

import pytest
from django.test import Client

from apps.profiles import api as profiles
from apps.tracking import api
from specrec.kernel import clock
from tests.apps.tracking.scene import make_event, open_site

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _site(transactional_db: None) -> None:
    open_site()


@pytest.fixture
def secret_key() -> str:
    return profiles.create_key(site_id="uk", kind="secret", name="server").secret


@pytest.fixture
def browser_key() -> str:
    origins = ["https://shop.example"]
    return profiles.create_key(site_id="uk", kind="publishable", name="shop", allowed_origins=origins).secret


def current(**changes: Any) -> dict[str, Any]:
    return make_event(time=clock.now().isoformat(), **changes)


def post(key: str, body: bytes | dict[str, Any], **headers: str) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Authorization": f"Bearer {key}"} | headers
    return Client(raise_request_exception=False).post(
        "/v1/events", data=data, content_type="application/json", headers=given
    )


def stored() -> int:
    return api.status()["table"]


class TestAccepted:
    def test_a_batch(self, secret_key: str) -> None:
        event = current()
        answer = post(secret_key, {"events": [event]})
        assert answer.status_code == 202
        assert answer.json() == {
            "accepted": 1,
            "duplicate": 0,
            "dropped": 0,
            "results": [{"index": 0, "status": "accepted", "id": event["id"]}],
        }
        assert stored() == 1

    def test_a_single_event(self, secret_key: str) -> None:
        answer = post(secret_key, current())
        assert (answer.status_code, answer.json()["accepted"]) == (202, 1)

    def test_gzip(self, secret_key: str) -> None:
        body = gzip.compress(json.dumps({"events": [current() for _ in range(1_000)]}).encode())
        answer = post(secret_key, body, **{"Content-Encoding": "gzip"})
        assert (answer.status_code, answer.json()["accepted"]) == (202, 1_000)

    def test_good_ones_beside_bad_ones(self, secret_key: str) -> None:
        answer = post(secret_key, {"events": [current(), current(item_id="\0"), 5, current()]})
        assert [one["status"] for one in answer.json()["results"]] == ["accepted", "dropped", "dropped", "accepted"]
        assert stored() == 2

    def test_half_a_character_costs_its_own_event_only(self, secret_key: str) -> None:
        body = json.dumps({"events": [current(item_id="\ud800"), current()]}).encode()
        results = post(secret_key, body).json()["results"]
        assert [one["status"] for one in results] == ["dropped", "accepted"]
        assert (results[0]["reason"], results[0]["field"]) == ("invalid", "item_id")

    def test_not_a_number_costs_its_own_event_only(self, secret_key: str) -> None:
        body = json.dumps({"events": [current(type="rate", rating=float("nan")), current()]}).encode()
        results = post(secret_key, body).json()["results"]
        assert [one["status"] for one in results] == ["dropped", "accepted"]
        assert results[0]["field"] == "rating"


EVENT = json.dumps({"type": "view"}).encode()
ENVELOPES: dict[str, tuple[bytes, int, str, str | None]] = {
    "empty": (b"", 400, "malformed_json", None),
    "no JSON": (b"hello", 400, "malformed_json", None),
    "cut off": (b'{"events": [', 400, "malformed_json", None),
    "two documents": (b"{} {}", 400, "malformed_json", None),
    "wrong bytes for text": (b'{"events": "\xff"}', 400, "invalid_type", "events"),
    "a list": (b"[]", 400, "invalid_type", None),
    "a number": (b"1", 400, "invalid_type", None),
    "null": (b"null", 400, "invalid_type", None),
    "events is null": (b'{"events": null}', 400, "invalid_type", "events"),
    "events is an object": (b'{"events": {}}', 400, "invalid_type", "events"),
    "no events": (b'{"events": []}', 400, "no_events", "events"),
    "unknown field": (b'{"events": [], "extra": 1}', 400, "unknown_field", "extra"),
    "half a character in an unknown field": (b'{"events": [], "\\ud800": 1}', 400, "unknown_field", "?"),
    "deep nesting": (b'{"events": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "malformed_json", None),
    "1,001 events": (b'{"events": [' + b",".join([EVENT] * 1_001) + b"]}", 413, "too_many_events", "events"),
    "more than a megabyte": (b'{"events": ["' + b"x" * 1_048_576 + b'"]}', 413, "too_large", None),
}


class TestEnvelope:
    @pytest.mark.parametrize(("body", "status", "code", "field"), ENVELOPES.values(), ids=ENVELOPES)
    def test_a_fault_is_a_problem_that_names_it(
        self, secret_key: str, body: bytes, status: int, code: str, field: str | None
    ) -> None:
        answer = post(secret_key, body)
        assert (answer.status_code, answer.json()["code"], answer.json().get("field")) == (status, code, field)
        assert answer["Content-Type"] == "application/problem+json"
        assert stored() == 0

    def test_a_gzip_bomb_is_not_unpacked(self, secret_key: str) -> None:
        answer = post(secret_key, gzip.compress(b" " * 50_000_000), **{"Content-Encoding": "gzip"})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    @pytest.mark.parametrize("body", [b"{}", gzip.compress(b"{}")[:-4], gzip.compress(b"{}") + b"more"])
    def test_broken_gzip_is_named(self, secret_key: str, body: bytes) -> None:
        answer = post(secret_key, body, **{"Content-Encoding": "gzip"})
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_gzip")

    def test_another_encoding_is_named(self, secret_key: str) -> None:
        answer = post(secret_key, b"{}", **{"Content-Encoding": "br"})
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown_encoding")

    def test_an_empty_object_is_an_event_without_fields(self, secret_key: str) -> None:
        answer = post(secret_key, b"{}")
        assert (answer.status_code, answer.json()["dropped"]) == (202, 1)


class TestCaller:
    def test_no_key(self) -> None:
        answer = Client().post("/v1/events", data=b"{}", content_type="application/json")
        assert answer.status_code == 401

    def test_a_wrong_key(self) -> None:
        assert post("sk_nobody_nothing", {"events": [current()]}).status_code == 401
        assert stored() == 0

    def test_a_key_without_the_scope(self) -> None:
        key = profiles.create_key(site_id="uk", kind="secret", name="reader", scopes=["recommend:read"]).secret
        assert post(key, {"events": [current()]}).status_code == 403
        assert stored() == 0

    def test_another_method(self, secret_key: str) -> None:
        answer = Client().get("/v1/events", headers={"Authorization": f"Bearer {secret_key}"})
        assert answer.status_code == 405


def beacon(body: bytes, content_type: str = "text/plain;charset=UTF-8", origin: str = "https://shop.example") -> Any:
    return Client(raise_request_exception=False).post(
        "/v1/events/beacon", data=body, content_type=content_type, headers={"Origin": origin}
    )


class TestBeacon:
    @pytest.mark.parametrize("content_type", ["text/plain;charset=UTF-8", "application/json"])
    def test_events_with_the_key_in_the_body(self, browser_key: str, content_type: str) -> None:
        answer = beacon(json.dumps({"key": browser_key, "events": [current()]}).encode(), content_type)
        assert (answer.status_code, answer.json()["accepted"], stored()) == (202, 1, 1)
        assert answer["Access-Control-Allow-Origin"] == "*"

    def test_a_key_from_another_place(self, browser_key: str) -> None:
        answer = beacon(json.dumps({"key": browser_key, "events": [current()]}).encode(), origin="https://evil.example")
        assert (answer.status_code, stored()) == (403, 0)

    def test_a_wrong_key(self) -> None:
        answer = beacon(json.dumps({"key": "pk_nobody_nothing", "events": [current()]}).encode())
        assert (answer.status_code, stored()) == (401, 0)

    @pytest.mark.parametrize(
        ("body", "code", "field"),
        [
            (b"", "malformed_json", None),
            (b'{"events": []}', "invalid_type", "key"),
            (b'{"key": 5, "events": []}', "invalid_type", "key"),
            (b'{"key": "pk_a_b"}', "missing_field", "events"),
            (b'{"key": "pk_a_b", "events": [], "x": 1}', "unknown_field", "x"),
        ],
    )
    def test_a_fault_is_named(self, body: bytes, code: str, field: str | None) -> None:
        answer = beacon(body)
        assert (answer.status_code, answer.json()["code"], answer.json().get("field")) == (400, code, field)

    def test_a_browser_still_may_not_name_a_customer(self, browser_key: str) -> None:
        answer = beacon(json.dumps({"key": browser_key, "events": [current(customer_id="c-1")]}).encode())
        assert answer.json()["results"][0]["reason"] == "not_allowed"
        assert stored() == 0
