"""Bad bodies and bad questions over HTTP: named by field, and nothing is written."""

from typing import Any

import pytest

from apps.catalog.models import Item
from tests.apps.catalog.builders import problem_of, wire_item
from tests.apps.catalog.conftest import Door

BODIES: list[tuple[Any, int, str, str | None]] = [
    (b"{", 400, "malformed_json", None),
    (b"", 400, "malformed_json", None),
    (b"\xff", 400, "malformed_json", None),
    (b"[]", 400, "invalid_type", None),
    (wire_item(variants=[]), 400, "invalid_value", "variants"),
    (wire_item(item_type="spoon"), 400, "invalid_value", "item_type"),
    (wire_item(colour="red"), 400, "unknown_field", "colour"),
    (wire_item("x" * 10_000), 400, "invalid_value", "item_id"),
    (wire_item("a\0b"), 400, "invalid_value", "item_id"),
    (wire_item("a b"), 400, "invalid_value", "item_id"),
    (wire_item(name={"english": "x"}), 400, "invalid_value", "name"),
    (wire_item(name={"en": "x\0"}), 400, "invalid_value", "name[...]"),
    (wire_item(description={"en": "x\0"}), 400, "invalid_value", "description[...]"),
    (wire_item(image_urls=["javascript:alert(1)"]), 400, "invalid_value", "image_urls[0]"),
    (wire_item(url="ftp://x"), 400, "invalid_value", "url"),
    (wire_item(source_version=-1), 400, "invalid_value", "source_version"),
    (wire_item(source_version=2**63), 400, "invalid_value", "source_version"),
    (wire_item(released_at="yesterday"), 400, "invalid_value", "released_at"),
    (wire_item(released_at="2026-01-01T00:00:00"), 400, "invalid_value", "released_at"),
    (wire_item(released_at="0001-01-01T00:00:00+14:00"), 400, "out_of_range", "released_at"),
    (wire_item(attributes={"a": 10**400}), 400, "out_of_range", "attributes.a"),
    (wire_item(attributes=[1]), 400, "invalid_type", "attributes"),
    (
        wire_item(variants=[{"sku": "s", "prices": [{"amount": "x", "currency": "GBP"}]}]),
        400,
        "invalid_value",
        "variants[0].prices[0].amount",
    ),
    (
        wire_item(variants=[{"sku": "s", "prices": [{"amount": -1, "currency": "GBP"}]}]),
        400,
        "out_of_range",
        "variants[0].prices[0].amount",
    ),
    (
        wire_item(variants=[{"sku": "s", "prices": [{"amount": "1e9999", "currency": "GBP"}]}]),
        400,
        "out_of_range",
        "variants[0].prices[0].amount",
    ),
    (
        wire_item(variants=[{"sku": "s", "prices": [{"amount": "1", "currency": "gbp"}]}]),
        400,
        "invalid_value",
        "variants[0].prices[0].currency",
    ),
    (
        wire_item(variants=[{"sku": "s", "stock": [{"on_hand": -1}]}]),
        400,
        "invalid_value",
        "variants[0].stock[0].on_hand",
    ),
    (
        wire_item(variants=[{"sku": "s", "stock": [{"on_hand": 1.5}]}]),
        400,
        "invalid_type",
        "variants[0].stock[0].on_hand",
    ),
    (wire_item(description={"en": "x" * 1_100_000}), 413, "too_large", None),
]


class TestBadBodies:
    @pytest.mark.parametrize(("body", "status", "code", "field"), BODIES)
    def test_are_named_and_nothing_is_written(
        self, server: Door, body: Any, status: int, code: str, field: str | None
    ) -> None:
        assert problem_of(server.ask("POST", "/v1/items", body)) == (status, code, field)
        assert not Item.objects.exists()

    def test_the_address_must_name_the_item_of_the_body(self, server: Door) -> None:
        assert problem_of(server.ask("PUT", "/v1/items/other", wire_item())) == (400, "id_mismatch", "item_id")
        assert not Item.objects.exists()

    def test_a_sku_of_another_item_is_a_conflict(self, server: Door) -> None:
        server.ask("POST", "/v1/items", wire_item("a"))

        refused = server.ask("POST", "/v1/items", wire_item("b", variants=[{"sku": "a-49"}]))

        assert problem_of(refused) == (409, "sku_conflict", "variants[0].sku")
        assert Item.objects.get().item_id == "a"

    @pytest.mark.parametrize(
        ("path", "code", "field"),
        [
            ("/v1/items?limit=0", "bad_limit", "limit"),
            ("/v1/items?limit=501", "bad_limit", "limit"),
            ("/v1/items?limit=many", "invalid_type", "limit"),
            ("/v1/items?cursor=x", "bad_cursor", "cursor"),
            ("/v1/items?published=perhaps", "invalid_type", "published"),
            ("/v1/items?item_type=spoon", "invalid_value", "item_type"),
            ("/v1/items?category_id=%00", "invalid_value", "category_id"),
            ("/v1/items?page=2", "unknown_field", "page"),
            ("/v1/items/a%00b", "invalid_value", "item_id"),
            (f"/v1/items/{'x' * 10_000}", "invalid_value", "item_id"),
            ("/v1/stores?limit=0", "bad_limit", "limit"),
            ("/v1/categories?cursor=x", "bad_cursor", "cursor"),
        ],
    )
    def test_bad_questions(self, server: Door, path: str, code: str, field: str) -> None:
        assert problem_of(server.ask("GET", path)) == (400, code, field)
