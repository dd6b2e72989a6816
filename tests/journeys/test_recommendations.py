"""Journeys over HTTP on a running stack: from what a shopper does to what the shopper sees next."""

from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import Shop
from tests.journeys.door import Door, eventually, everywhere, ids

FRAMES = [f"frame-{letter}" for letter in "abcdef"]
HISTORY = ["history_personalisation"]


@pytest.fixture(scope="module")
def server(shop: Shop) -> Door:
    """The shop's back office: a secret key, six frames with the newest first, and placements."""
    door = Door(shop.url, shop.secret_key)
    for number, item_id in enumerate(FRAMES):
        door.must("POST", "/v1/items", frame(item_id, day=28 - number))
    for placement in ("recently_viewed", "new_in", "for_you", "similar"):
        body = {"placement": placement, "title": placement, "strategy": placement, "size": 6}
        door.must("PUT", "/v1/placements", body)
    short = {"placement": "recent", "title": "Recent", "strategy": "recently_viewed", "size": 6, "fallback": []}
    door.must("PUT", "/v1/placements", short)
    asked = {"placement": "recent"}
    assert everywhere(lambda: door.send("POST", "/v1/recommendations", asked)[0], until=lambda status: status == 200)
    assert everywhere(lambda: ids(door.recommend("new_in")), until=FRAMES.__eq__)
    return door


@pytest.fixture
def browser(shop: Shop) -> Door:
    """A shopper's browser: a publishable key."""
    return Door(shop.url, shop.publishable_key)


@pytest.fixture
def visitor() -> str:
    """Somebody whom nobody has seen before."""
    return f"visitor-{uuid4()}"


def frame(item_id: str, *, day: int, on_hand: int = 5, **changes: Any) -> dict[str, Any]:
    item = {
        "item_id": item_id,
        "item_type": "frame",
        "name": {"en-GB": item_id.title()},
        "released_at": f"2026-01-{day:02}T00:00:00Z",
        "variants": [
            {
                "sku": f"{item_id}-52",
                "prices": [{"amount": "99.00", "currency": "GBP"}],
                "stock": [{"on_hand": on_hand}],
            }
        ],
    }
    return item | changes


def recent(door: Door, anonymous_id: str) -> list[str]:
    return ids(door.recommend("recent", shopper={"anonymous_id": anonymous_id}))


@pytest.mark.usefixtures("server")
class TestAViewChangesTheNextAnswer:
    def test_through_the_stream(self, browser: Door, visitor: str) -> None:
        assert recent(browser, visitor) == []
        browser.record("view", visitor, "frame-b", consent=HISTORY)
        assert eventually(lambda: recent(browser, visitor), until=bool) == ["frame-b"]
        browser.record("view", visitor, "frame-d")
        assert eventually(lambda: recent(browser, visitor), until=lambda found: len(found) > 1) == [
            "frame-d",
            "frame-b",
        ]

    def test_nobody_elses(self, browser: Door, visitor: str) -> None:
        browser.record("view", visitor, "frame-b", consent=HISTORY)
        eventually(lambda: recent(browser, visitor), until=bool)
        assert recent(browser, f"{visitor}-friend") == []

    def test_not_without_consent(self, browser: Door, visitor: str) -> None:
        browser.record("view", visitor, "frame-b")
        browser.record("view", f"{visitor}-friend", "frame-c", consent=HISTORY)
        assert eventually(lambda: recent(browser, f"{visitor}-friend"), until=bool) == ["frame-c"]
        assert recent(browser, visitor) == []


@pytest.mark.usefixtures("server")
class TestConsentWithdrawn:
    def test_the_answer_is_the_same_as_for_anybody(self, browser: Door, visitor: str) -> None:
        browser.record("view", visitor, "frame-b", consent=HISTORY)
        before = eventually(
            lambda: browser.recommend("recent", shopper={"anonymous_id": visitor}), until=lambda found: found["items"]
        )
        assert before["personalised"] is True
        browser.record("view", visitor, "frame-c", consent=[])
        after = browser.recommend("recent", shopper={"anonymous_id": visitor})
        assert (after["items"], after["personalised"]) == ([], False)


class TestMerge:
    def test_the_customer_keeps_what_the_visitor_did(self, server: Door, browser: Door, visitor: str) -> None:
        browser.record("view", visitor, "frame-b", consent=HISTORY)
        assert eventually(lambda: recent(browser, visitor), until=bool) == ["frame-b"]
        customer = f"customer-{visitor}"
        server.must("POST", "/v1/shoppers/merge", {"anonymous_id": visitor, "customer_id": customer})
        answer = server.recommend("recent", shopper={"customer_id": customer})
        assert (ids(answer), answer["personalised"]) == (["frame-b"], True)


class TestWhatCannotBeHad:
    def test_a_sold_out_item_is_gone_and_comes_back(self, server: Door) -> None:
        server.must("POST", "/v1/stock", {"stock": [{"sku": "frame-a-52", "on_hand": 0}]})
        found = eventually(lambda: ids(server.recommend("new_in")), until=FRAMES[1:].__eq__)
        assert found == FRAMES[1:]
        server.must("POST", "/v1/stock", {"stock": [{"sku": "frame-a-52", "on_hand": 3}]})
        assert eventually(lambda: ids(server.recommend("new_in")), until=FRAMES.__eq__) == FRAMES

    def test_a_hidden_item_is_gone(self, server: Door) -> None:
        server.must("POST", "/v1/items", frame("frame-f", day=23, published=False))
        found = eventually(lambda: ids(server.recommend("new_in")), until=FRAMES[:-1].__eq__)
        assert found == FRAMES[:-1]
        server.must("POST", "/v1/items", frame("frame-f", day=23))
        assert eventually(lambda: ids(server.recommend("new_in")), until=FRAMES.__eq__) == FRAMES


LONG = "x" * 10_000
BAD = [
    (b'{"placement":', 400, "malformed_json", None),
    ({"placement": 7}, 400, "invalid_type", "placement"),
    ({"placement": "new_in", "colour": "red"}, 400, "unknown_field", "colour"),
    ({"placement": LONG}, 400, "invalid_value", "placement"),
    ({"placement": "new_in", "item_ids": [LONG]}, 400, "invalid_value", "item_ids[0]"),
    ({"placement": "new_in", "shopper": {"anonymous_id": "a\x00b"}}, 400, "invalid_value", "shopper.anonymous_id"),
    ({"placement": "nowhere"}, 404, "unknown_placement", "placement"),
    ({"placement": "similar", "item_ids": ["of-another-site"]}, 400, "unknown_item", "item_ids[0]"),
    ({"placement": "new_in", "store_id": "nowhere"}, 400, "unknown_store", "store_id"),
    ({"placement": "new_in", "history": ["x"] * 300_000}, 413, "too_large", None),
]
GRAPHQL_CODES = {"unknown_placement", "unknown_item", "unknown_store"}  # what the schema itself cannot refuse before
CAMEL = {"item_ids": "itemIds", "store_id": "storeId"}


class TestBadInput:
    @pytest.mark.parametrize(("body", "status", "code", "field"), BAD)
    def test_rest_names_field_and_reason(
        self, server: Door, body: Any, status: int, code: str, field: str | None
    ) -> None:
        found, problem = server.send("POST", "/v1/recommendations", body)
        assert (found, problem["code"], problem.get("field")) == (status, code, field)
        assert problem["detail"]

    @pytest.mark.parametrize(("body", "status", "code", "field"), [row for row in BAD if row[2] in GRAPHQL_CODES])
    def test_graphql_says_the_same(self, server: Door, body: Any, status: int, code: str, field: str) -> None:
        query = "query Q($input: RecommendationsInput!) { recommendations(input: $input) { items { itemId } } }"
        asked = {CAMEL.get(name, name): value for name, value in body.items()}
        found, answer = server.send("POST", "/graphql", {"query": query, "variables": {"input": asked}})
        extensions = answer["errors"][0]["extensions"]
        assert (found, extensions["code"], extensions["status"]) == (200, code, status)
        assert extensions["field"].removeprefix("input.") == field

    def test_a_wrong_key(self, shop: Shop) -> None:
        found, problem = Door(shop.url, "pk_nobody_nothing").send("POST", "/v1/recommendations", {"placement": "x"})
        assert (found, problem["code"]) == (401, "unknown_key")

    def test_a_wrong_scope(self, browser: Door) -> None:
        body = {"placement": "mine", "title": "Mine", "strategy": "popular", "size": 4}
        found, problem = browser.send("PUT", "/v1/placements", body)
        assert (found, problem["code"]) == (403, "missing_scope")
        assert browser.send("POST", "/v1/recommendations", {"placement": "mine"})[0] == 404
