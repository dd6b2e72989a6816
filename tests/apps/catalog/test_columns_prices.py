"""Prices before, costs, and prices of stores in columns."""

from decimal import Decimal

import numpy as np

from apps.catalog import api
from apps.catalog.contracts import ItemColumns, ItemInput, StockInput
from tests.apps.catalog.builders import NOON, item, price, variant


def _load(site_id: str, *items: ItemInput) -> ItemColumns:
    assert all(hasattr(o, "status") for o in api.upsert_items(site_id=site_id, items=items, now=NOON))
    return api.load_columns(site_id=site_id, now=NOON)


class TestCompareAt:
    def test_is_that_of_the_price_that_holds(self, uk: str) -> None:
        over = price("9", compare_at=Decimal(12), valid_until=NOON)
        columns = _load(
            uk,
            item("a", variants=[variant("a", prices=[price("8", compare_at=Decimal("9.5")), over])]),
            item("b", variants=[variant("b", prices=[price("8")])]),
            item("c", variants=[variant("c", prices=[])]),
        )

        np.testing.assert_array_equal(columns.compare_at, [9.5, np.nan, np.nan])

    def test_at_a_store_is_that_of_its_own_price(self, uk: str) -> None:
        general = price("8", compare_at=Decimal(10))
        columns = _load(
            uk,
            item("a", variants=[variant("a", prices=[general, price("7", store_id="leeds", compare_at=Decimal(11))])]),
            item("b", variants=[variant("b", prices=[general, price("7", store_id="leeds")])]),
            item("c", variants=[variant("c", prices=[general])]),
        )

        prices, before = columns.prices_at("leeds")

        np.testing.assert_array_equal(prices, [7.0, 7.0, 8.0])
        np.testing.assert_array_equal(before, [11.0, np.nan, 10.0])
        np.testing.assert_array_equal(columns.price, [8.0, 8.0, 8.0])
        np.testing.assert_array_equal(columns.prices_at("york")[1], [10.0, 10.0, 10.0])


class TestCost:
    def test_is_known_or_not(self, uk: str) -> None:
        columns = _load(uk, item(variants=[variant("s", cost=Decimal("3.125")), variant("t")]))

        np.testing.assert_array_equal(columns.cost, [3.125, np.nan])


class TestInStockAt:
    def test_names_the_variants_of_one_store(self, uk: str) -> None:
        here = [StockInput(on_hand=1, store_id="leeds")]
        given = item(variants=[variant("s", stock=[]), variant("t", stock=here), variant("u")])
        columns = _load(uk, given)

        assert columns.in_stock_at("leeds").tolist() == [False, True, False]
        assert columns.in_stock_at(None).tolist() == [False, False, True]
        assert columns.in_stock_at("york").tolist() == [False, False, False]
        assert columns.store_stock["leeds"].tolist() == [1]
