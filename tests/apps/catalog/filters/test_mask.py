"""Filters on a small catalogue: which items each lets through."""

import pytest

from apps.catalog import api
from apps.catalog.contracts import ItemColumns
from tests.apps.catalog.builders import NOON
from tests.apps.catalog.filters import shop

CASES = [
    ("", "cloth lens rope round square test"),
    ('brand = "vane"', "rope round"),
    ('brand != "Vane"', "cloth lens square test"),
    ('brand in ("Vane", "LUX")', "rope round square"),
    ('brand not in ("Vane", "LUX")', "cloth lens test"),
    ("brand exists", "rope round square"),
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
    ("price not between 20 and 120", "cloth rope round test"),
    ("price exists", "cloth lens round square test"),
    ("on_offer", "square"),
    ("not on_offer", "cloth lens rope round test"),
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
    ("not rx_able", "cloth lens rope square test"),
    ("a_mm between 48 and 50", "round"),
    ("sph_list has (-3.25, 2)", "lens"),
    ("sph_list = -3.5", ""),
    ("sph_list < -3", "lens"),
    ('attr.hall = "B"', "cloth"),
    ('attr."odd name" > 3', "cloth"),
    ("attr.nobody exists", ""),
    ('tag = "summer"', "round"),
    ("attr.hall = 4", "rope"),
    ('attr.hall in ("b", 4)', "cloth rope"),
    ("attr.hall exists", "cloth rope"),
    ("in_stock = false", "rope"),
    ("discount exists", "cloth lens round square test"),
    ("discount < 20", "cloth lens round test"),
    ("released >= now - 30d", "rope round"),
    ("released < 2026-01-01", "cloth lens square test"),
    ("released between 2025-12-30 and 2026-02-20T12:00:00Z", "cloth lens round square test"),
    ("released > today", "rope"),
    ("released <= today - 2w", "cloth lens square test"),
    ('brand = "Vane" or item_type = "solution" or attr.hall = "B"', "cloth rope round"),
    ('price < 100 and (attr.hall = "B" or item_type = "service")', "cloth test"),
    ('price < 100 and attr.hall = "B" or item_type = "frame"', "cloth round square"),
]


@pytest.fixture
def columns(uk: str) -> ItemColumns:
    """Six items of five kinds; round and square are frames, nobody sells rope."""
    return shop.write(uk)


def _found(columns: ItemColumns, text: str, store_id: str | None = None) -> str:
    asked = api.parse_filter(text)
    mask = api.filter_mask(columns=columns, filter=asked, store_id=store_id, now=NOON.timestamp())
    assert (mask.dtype.kind, len(mask)) == ("b", len(columns.item_ids))
    return " ".join(item_id for item_id, lets in zip(columns.item_ids, mask.tolist(), strict=True) if lets)


class TestFilterMask:
    @pytest.mark.parametrize(("text", "found"), CASES)
    def test_lets_through(self, columns: ItemColumns, text: str, found: str) -> None:
        assert _found(columns, text) == found

    @pytest.mark.parametrize(("text", "found"), [case for case in CASES if case[0]])
    def test_lets_the_same_through_as_it_is_printed(self, columns: ItemColumns, text: str, found: str) -> None:
        assert _found(columns, api.parse_filter(text).key) == found
