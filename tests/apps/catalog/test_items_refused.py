"""What is refused of an item, by field, and that nothing of it is written."""

from decimal import Decimal
from typing import Any

import pytest

from apps.catalog import api
from apps.catalog.contracts import LineError, StockInput, WriteResult
from apps.catalog.models import Item
from specrec.kernel.errors import Conflict, Invalid
from tests.apps.catalog.builders import NOON, item, price, variant

BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"name": {}}, "missing_name", "name"),
    ({"name": {"en": "  "}}, "missing_name", "name"),
    ({"item_type": "frame", "attributes": {"shape": "blob"}}, "invalid_value", "attributes.shape"),
    ({"item_type": "frame", "attributes": {"shap": "round"}}, "unknown_field", "attributes.shap"),
    ({"item_type": "frame", "attributes": {"rx_able": "yes"}}, "invalid_type", "attributes.rx_able"),
    ({"item_type": "frame", "attributes": {"extra": {"a": {}}}}, "invalid_type", "attributes.extra.a"),
    ({"item_type": "frame", "attributes": {"tags": ["a\0"]}}, "invalid_value", "attributes.tags[0]"),
    ({"item_type": "sunglasses", "attributes": {"filter_cat": 5}}, "invalid_value", "attributes.filter_cat"),
    ({"attributes": {"a": {"b": {}}}}, "invalid_type", "attributes.a"),
    ({"attributes": {"a": "x\0"}}, "invalid_value", "attributes.a"),
    ({"attributes": {"a\0": 1}}, "invalid_name", "attributes"),
    ({"attributes": {"a": 1e300}}, "out_of_range", "attributes.a"),
    (
        {"item_type": "frame", "variants": [variant(attributes={"a_mm": 520})]},
        "invalid_value",
        "variants[0].attributes.a_mm",
    ),
    ({"variants": [variant("s"), variant("s")]}, "duplicate_sku", "variants[1].sku"),
    ({"variants": [variant(cost=Decimal(-1))]}, "out_of_range", "variants[0].cost"),
    ({"variants": [variant(prices=[price("-0.01")])]}, "out_of_range", "variants[0].prices[0].amount"),
    ({"variants": [variant(prices=[price("NaN")])]}, "out_of_range", "variants[0].prices[0].amount"),
    ({"variants": [variant(prices=[price("1000000.01")])]}, "out_of_range", "variants[0].prices[0].amount"),
    ({"variants": [variant(prices=[price("1.0001")])]}, "too_precise", "variants[0].prices[0].amount"),
    ({"variants": [variant(prices=[price(), price()])]}, "duplicate_price", "variants[0].prices[1]"),
    (
        {"variants": [variant(prices=[price(valid_from=NOON, valid_until=NOON)])]},
        "validity_reversed",
        "variants[0].prices[0].valid_until",
    ),
    (
        {"variants": [variant(prices=[price(valid_from=NOON.replace(tzinfo=None))])]},
        "invalid_value",
        "variants[0].prices[0].valid_from",
    ),
    ({"released_at": NOON.replace(year=1)}, "out_of_range", "released_at"),
    (
        {"variants": [variant(stock=[StockInput(on_hand=1), StockInput(on_hand=2)])]},
        "duplicate_stock",
        "variants[0].stock[1].store_id",
    ),
]


class TestUpsertItemsRefuses:
    @pytest.mark.parametrize(("given", "code", "field"), BAD)
    def test_bad_input_by_field_and_writes_the_others(
        self, uk: str, given: dict[str, Any], code: str, field: str
    ) -> None:
        outcomes = api.upsert_items(site_id=uk, items=[item("good"), item("bad", **given)], now=NOON)

        assert outcomes[0] == WriteResult("good", "created")
        assert isinstance(outcomes[1], LineError)
        assert (outcomes[1].line, outcomes[1].item_id, outcomes[1].code, outcomes[1].field) == (2, "bad", code, field)
        assert list(Item.objects.values_list("item_id", flat=True)) == ["good"]


class TestUpsertItem:
    def test_raises_what_is_wrong_and_leaves_the_stamp(self, uk: str) -> None:
        with pytest.raises(Invalid) as caught:
            api.upsert_item(site_id=uk, item=item(name={}), now=NOON)

        assert caught.value.field == "name"
        assert api.get_stamp(site_id=uk) == 0

    def test_raises_a_conflict(self, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(source="shop"), now=NOON)

        with pytest.raises(Conflict) as caught:
            api.upsert_item(site_id=uk, item=item(source="cms"), now=NOON)

        assert caught.value.code == "source_conflict"
