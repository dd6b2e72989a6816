"""Filters on a small catalogue: which items each lets through."""

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.catalog import api
from apps.catalog.contracts import CategoryInput, ItemColumns, PriceInput, StockInput, StoreInput
from tests.apps.catalog.builders import NOON, item, price, variant

CASES = [
    ("", "cloth lens round square test"),
    ('brand = "vane"', "round"),
    ('brand != "Vane"', "cloth lens square test"),
    ('brand in ("Vane", "LUX")', "round square"),
    ('brand not in ("Vane", "LUX")', "cloth lens test"),
    ("brand exists", "round square"),
    ("not brand exists", "cloth lens test"),
    ("brand not exists", "cloth lens test"),
    ('item_type = "frame"', "round square"),
    ('item_id in ("lens", "nobody")', "lens"),
    ('category = "frames"', "round square"),
    ('category has "women"', "round"),
    ('category has ("women", "men")', ""),
    ("category exists", "round square"),
    ("price < 100", "cloth lens test"),
    ("price <= 10", "cloth test"),
    ("price > 20 and price != 150", "square"),
    ("price between 20 and 120", "lens square"),
    ("price not between 20 and 120", "cloth round test"),
    ("price exists", "cloth lens round square test"),
    ("on_offer", "square"),
    ("not on_offer", "cloth lens round test"),
    ("discount >= 20", "square"),
    ("discount > 20", ""),
    ("in_stock", "cloth lens round square test"),
    ('in_stock_at("leeds")', "round test"),
    ('in_stock_at("nowhere")', "test"),
    ('shape = "round"', "round"),
    ('SHAPE = "Round" AND IN_STOCK', "round"),
    ('attr.shape = "round"', "round"),
    ("shape exists", "round square"),
    ('materials has "steel"', "round"),
    ('materials has ("steel", "acetate")', "round"),
    ('materials = "acetate"', "round square"),
    ('materials in ("acetate", "wood")', "round square"),
    ("polarised", ""),
    ("rx_able", "round"),
    ("rx_able = false", "square"),
    ("not rx_able", "cloth lens square test"),
    ("a_mm between 48 and 50", "round"),
    ("sph_list has (-3.25, 2)", "lens"),
    ("sph_list = -3.5", ""),
    ("sph_list < -3", "lens"),
    ('attr.hall = "B"', "cloth"),
    ('attr."odd name" > 3', "cloth"),
    ("attr.nobody exists", ""),
    ('tag = "summer"', "round"),
    ("released >= now - 30d", "round"),
    ("released < 2026-01-01", "cloth lens square test"),
    ("released between 2025-12-31 and 2026-02-20T12:00:00Z", "cloth lens round square test"),
    ("released > today", ""),
    ("released <= today - 2w", "cloth lens square test"),
    ('brand = "Vane" or item_type = "solution" or attr.hall = "B"', "cloth round"),
    ('price < 100 and (attr.hall = "B" or item_type = "service")', "cloth test"),
    ('price < 100 and attr.hall = "B" or item_type = "frame"', "cloth round square"),
]


@pytest.fixture
def columns(uk: str) -> ItemColumns:
    """Five items of five kinds; round and square are frames."""
    tree = [CategoryInput(category_id="frames", name={"en": "F"})]
    tree += [CategoryInput(category_id=key, name={"en": key}, parent_id="frames") for key in ("women", "men")]
    api.upsert_categories(site_id=uk, categories=tree, now=NOON)
    api.upsert_stores(site_id=uk, stores=[StoreInput(store_id="leeds", name="Leeds")], now=NOON)
    old = NOON - timedelta(days=60)
    offer = PriceInput(amount=Decimal(120), currency="GBP", compare_at=Decimal(150))
    at_leeds = StockInput(on_hand=1, store_id="leeds")
    items = [
        item(
            "round",
            item_type="frame",
            brand="Vane",
            category_ids=["women"],
            attributes={"shape": "round", "materials": ["steel", "acetate"], "rx_able": True, "tags": ["Summer"]},
            variants=[
                variant("r", attributes={"a_mm": 49}, prices=[price("150")], stock=[StockInput(on_hand=1), at_leeds])
            ],
            released_at=NOON - timedelta(days=10),
        ),
        item(
            "square",
            item_type="frame",
            brand="Lux",
            category_ids=["men"],
            attributes={"shape": "square", "materials": ["acetate"], "rx_able": False},
            variants=[variant("s", attributes={"a_mm": 52}, prices=[offer])],
            released_at=old,
        ),
        item(
            "lens",
            item_type="contact_lens",
            attributes={"sph_list": [-3.25, 2]},
            variants=[variant("l", prices=[price("20")])],
            released_at=old,
        ),
        item("cloth", attributes={"hall": "B", "odd name": 4}, released_at=old),
        item("test", item_type="service", stock_managed=False, released_at=old),
    ]
    assert all(hasattr(found, "status") for found in api.upsert_items(site_id=uk, items=items, now=NOON))
    return api.load_columns(site_id=uk, now=NOON)


def _found(columns: ItemColumns, text: str, store_id: str | None = None) -> str:
    asked = api.parse_filter(text)
    mask = api.filter_mask(columns=columns, filter=asked, store_id=store_id, now=NOON.timestamp())
    assert (mask.dtype, len(mask)) == (bool, len(columns.item_ids))
    return " ".join(item_id for item_id, lets in zip(columns.item_ids, mask.tolist(), strict=True) if lets)


class TestFilterMask:
    @pytest.mark.parametrize(("text", "found"), CASES)
    def test_lets_through(self, columns: ItemColumns, text: str, found: str) -> None:
        assert _found(columns, text) == found

    @pytest.mark.parametrize(("text", "found"), [case for case in CASES if case[0]])
    def test_lets_the_same_through_as_it_is_printed(self, columns: ItemColumns, text: str, found: str) -> None:
        assert _found(columns, api.parse_filter(text).key) == found
