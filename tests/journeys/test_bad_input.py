"""Bad input at every door: a problem document (or a result for that event), never a 5xx, and nothing is kept."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import Shop
from tests.journeys.door import Door

LONG = "x" * 10_000
ITEM: dict[str, Any] = {
    "item_id": "bad-input",
    "item_type": "frame",
    "name": {"en-GB": "Frame"},
    "variants": [{"sku": "bad-input-1", "prices": [{"amount": "10.00", "currency": "GBP"}]}],
}


def event(**changes: Any) -> dict[str, Any]:
    given = {"id": str(uuid4()), "type": "view", "time": datetime.now(UTC).isoformat(), "item_id": "frame-a"}
    return given | {"anonymous_id": "bad-input"} | changes


REFUSED = [
    ("/v1/items", b'{"item_id": ', 400, "malformed_json", None),
    ("/v1/items", ITEM | {"published": "yes"}, 400, "invalid_type", "published"),
    ("/v1/items", ITEM | {"colour": "red"}, 400, "unknown_field", "colour"),
    ("/v1/items", ITEM | {"item_id": LONG}, 400, "invalid_value", "item_id"),
    ("/v1/items", ITEM | {"item_id": "a\x00b"}, 400, "invalid_value", "item_id"),
    ("/v1/items", ITEM | {"brand": "a\x00b"}, 400, "invalid_value", "brand"),
    ("/v1/items", ITEM | {"description": {"en-GB": "x" * 2_000_000}}, 413, "too_large", None),
    ("/v1/events", b'{"events": [', 400, "malformed_json", None),
    ("/v1/events", {"events": [event()] * 1_001}, 413, None, None),
    ("/v1/events", b" " * 1_100_000, 413, "too_large", None),
    ("/v1/shoppers/consent", {"anonymous_id": "a", "granted": "all"}, 400, "invalid_type", "granted"),
    ("/v1/shoppers/consent", {"anonymous_id": "a\x00", "granted": []}, 400, "invalid_value", "anonymous_id"),
    ("/v1/shoppers/consent", {'x" matching regex (': 1}, 400, "unknown_field", None),
]
DROPPED = [
    ({"type": "stare"}, "invalid", "type"),
    ({"item_id": 7}, "invalid", "item_id"),
    ({"item_id": LONG}, "invalid", "item_id"),
    ({"item_id": "a\x00b"}, "invalid", "item_id"),
    ({"colour": "red"}, "invalid", "colour"),
    ({"time": "yesterday"}, "invalid", "time"),
    ({"time": (datetime.now(UTC) + timedelta(days=2)).isoformat()}, "in_future", "time"),
    ({"item_id": None}, "missing_field", "item_id"),
    ({"customer_id": "c-1"}, "not_allowed", "customer_id"),
    ({"unit_price": "1e400", "currency": "GBP"}, "invalid", "unit_price"),
]


@pytest.fixture
def server(shop: Shop) -> Door:
    """The back office."""
    return Door(shop.url, shop.secret_key)


class TestDoors:
    @pytest.mark.parametrize("case", REFUSED)
    def test_name_field_and_reason(self, server: Door, case: tuple[str, Any, int, str | None, str | None]) -> None:
        path, body, status, code, field = case
        found, problem = server.send("POST", path, body)
        assert (found, code in {None, problem["code"]}, problem["status"]) == (status, True, status)
        assert field is None or problem["field"] == field
        assert problem["detail"]

    def test_keep_nothing_of_a_refused_item(self, server: Door) -> None:
        server.send("POST", "/v1/items", ITEM | {"colour": "red"})
        assert server.send("GET", f"/v1/items/{ITEM['item_id']}")[0] == 404

    def test_another_method_is_refused(self, server: Door) -> None:
        assert server.send("DELETE", "/v1/recommendations")[0] == 405


class TestEvents:
    @pytest.mark.parametrize(("changes", "reason", "field"), DROPPED)
    def test_a_bad_one_is_named_and_its_neighbours_are_kept(
        self, shop: Shop, changes: dict[str, Any], reason: str, field: str
    ) -> None:
        browser = Door(shop.url, shop.publishable_key)
        status, answer = browser.send("POST", "/v1/events", {"events": [event(), event(**changes), event()]})
        bad = answer["results"][1]
        assert (status, answer["accepted"], answer["dropped"]) == (202, 2, 1), answer
        assert (bad["reason"], bad["field"]) == (reason, field)
        assert bad["message"]

    def test_broken_text_costs_its_own_event_only(self, shop: Shop) -> None:
        browser = Door(shop.url, shop.publishable_key)
        broken = json.dumps(event(item_id="X")).replace('"X"', '"\\ud800"')
        body = f'{{"events": [{json.dumps(event())}, {broken}]}}'.encode()
        status, answer = browser.send("POST", "/v1/events", body)
        assert (status, answer["accepted"], answer["results"][1]["reason"]) == (202, 1, "invalid")
