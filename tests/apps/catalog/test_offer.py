"""Prices that hold now, and what can be had at one place."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from apps.catalog import api
from apps.catalog.contracts import ItemColumns, StockInput, StockUpdate, StoreInput
from tests.apps.catalog.builders import NOON, item, price, variant


def _load(site_id: str, *items: Any, after: timedelta = timedelta(0)) -> ItemColumns:
    assert all(hasattr(o, "status") for o in api.upsert_items(site_id=site_id, items=items, now=NOON))
    return api.load_columns(site_id=site_id, now=NOON + after)


def _offer(columns: ItemColumns, store_id: str | None = None) -> dict[str, tuple[str | None, float | None, bool]]:
    """Return SKU, price and availability by item id."""
    found = api.offer(columns=columns, store_id=store_id)
    return {
        item_id: (
            columns.skus[found.variant[row]] if found.variant[row] >= 0 else None,
            None if np.isnan(found.price[row]) else float(found.price[row]),
            bool(found.available[row]),
        )
        for item_id, row in columns.row_of.items()
    }


class TestPricesInColumns:
    def test_hold_within_their_validity(self, uk: str) -> None:
        sale = price("5", valid_from=NOON + timedelta(hours=1), valid_until=NOON + timedelta(hours=2))
        given = item(variants=[variant("s", prices=[price("10"), sale])])

        before = _load(uk, given)
        during = _load(uk, given, after=timedelta(hours=1))
        after = _load(uk, given, after=timedelta(hours=2))

        assert [columns.price.tolist() for columns in (before, during, after)] == [[10.0], [5.0], [10.0]]
        assert before.next_change == (NOON + timedelta(hours=1)).timestamp()
        assert during.next_change == (NOON + timedelta(hours=2)).timestamp()
        assert after.next_change == float("inf")

    def test_that_started_last_hold_then_the_lowest(self, uk: str) -> None:
        early, late = NOON - timedelta(days=9), NOON - timedelta(days=1)
        prices = [
            price("9", valid_from=late, valid_until=NOON + timedelta(days=1)),
            price("7", valid_from=early),
            price("8", valid_from=late),
            price("1"),
        ]

        assert _load(uk, item(variants=[variant("s", prices=prices)])).price.tolist() == [8.0]

    def test_in_another_currency_are_left_out(self, uk: str) -> None:
        columns = _load(uk, item(variants=[variant("s", prices=[price("10", currency="EUR")])]))

        assert np.isnan(columns.price).tolist() == [True]
        assert _offer(columns) == {"aldgate": (None, None, False)}

    def test_for_ever_has_no_end(self, uk: str) -> None:
        columns = _load(uk, item(variants=[variant("s", prices=[price("3", valid_until=NOON.replace(year=9999))])]))

        assert (columns.price.tolist(), columns.next_change) == ([3.0], float("inf"))


class TestOffer:
    def test_is_the_first_variant_with_price_and_stock(self, uk: str) -> None:
        columns = _load(
            uk,
            item(
                "a",
                variants=[
                    variant("no-price", prices=[]),
                    variant("sold-out", stock=[StockInput(on_hand=2, reserved=2)]),
                    variant("good", prices=[price("7")]),
                    variant("later", prices=[price("1")]),
                ],
            ),
            item("b", variants=[variant("never", stock=[])]),
        )

        assert _offer(columns) == {"a": ("good", 7.0, True), "b": (None, None, False)}

    def test_at_a_store_asks_for_stock_there_and_takes_its_price(self, uk: str) -> None:
        prices = [price("10"), price("8", store_id="leeds")]
        here, online = StockInput(on_hand=1, store_id="leeds"), StockInput(on_hand=5)
        columns = _load(
            uk,
            item("both", variants=[variant("b", prices=prices, stock=[here, online])]),
            item("general", variants=[variant("g", stock=[here])]),
            item("online", variants=[variant("o", prices=prices, stock=[online])]),
        )

        assert _offer(columns, "leeds") == {
            "both": ("b", 8.0, True),
            "general": ("g", 10.0, True),
            "online": (None, None, False),
        }
        assert _offer(columns) == {
            "both": ("b", 10.0, True),
            "general": (None, None, False),
            "online": ("o", 10.0, True),
        }
        assert _offer(columns, "york") == dict.fromkeys(("both", "general", "online"), (None, None, False))

    def test_without_managed_stock_needs_a_price_only(self, uk: str) -> None:
        columns = _load(
            uk,
            item(
                "test", item_type="service", stock_managed=False, variants=[variant("t", prices=[price("0")], stock=[])]
            ),
            item("free", item_type="service", stock_managed=False, variants=[variant("f", prices=[], stock=[])]),
        )

        assert _offer(columns, "leeds") == {"test": ("t", 0.0, True), "free": (None, None, False)}

    def test_of_an_unpublished_item_is_not_available(self, uk: str) -> None:
        assert _offer(_load(uk, item(published=False)))["aldgate"][2] is False

    def test_at_a_closed_store_is_nothing(self, uk: str) -> None:
        store = StoreInput(store_id="leeds", name="Leeds", is_active=False)
        api.upsert_stores(site_id=uk, stores=[store], now=NOON)
        columns = _load(uk, item(variants=[variant("s", stock=[StockInput(on_hand=1, store_id="leeds")])]))

        assert _offer(columns, "leeds") == {"aldgate": (None, None, False)}

    def test_follows_a_stock_update(self, uk: str) -> None:
        before = _load(uk, item())
        api.update_stock(site_id=uk, updates=[StockUpdate(sku="aldgate-49", on_hand=0)], now=NOON)
        after = api.load_columns(site_id=uk, now=NOON)

        assert after.stamp == before.stamp + 1
        assert (_offer(before)["aldgate"][2], _offer(after)["aldgate"][2]) == (True, False)

    def test_of_a_price_with_three_decimals(self, uk: str) -> None:
        columns = _load(uk, item(variants=[variant("s", prices=[price("1.125")])]))

        assert columns.price.tolist() == [float(Decimal("1.125"))]
