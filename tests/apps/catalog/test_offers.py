"""Partial updates of stock and prices."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from apps.catalog import api
from apps.catalog.contracts import LineError, PriceUpdate, StockInput, StockUpdate, WriteResult
from apps.catalog.models import Price, Stock
from tests.apps.catalog.builders import NOON, item, price, variant

SKU = "aldgate-49"
LATER = NOON + timedelta(hours=1)


def _stock(site_id: str, *, now: datetime = LATER, **given: Any) -> WriteResult | LineError:
    return api.update_stock(site_id=site_id, updates=[StockUpdate(**{"sku": SKU} | given)], now=now)[0]


def _prices(site_id: str, *amounts: str, now: datetime = LATER, **given: Any) -> WriteResult | LineError:
    update = PriceUpdate(sku=SKU, prices=[price(amount) for amount in amounts], **given)
    return api.update_prices(site_id=site_id, updates=[update], now=now)[0]


class TestUpdateStock:
    def test_sets_a_level_and_moves_the_stamp(self, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(), now=NOON)
        stamp = api.get_stamp(site_id=uk)

        assert _stock(uk, on_hand=0) == WriteResult(SKU, "updated")
        assert _stock(uk, on_hand=2, store_id="leeds") == WriteResult(SKU, "created")

        levels = api.get_item(site_id=uk, item_id="aldgate").variants[0].stock
        assert [(level.store_id, level.on_hand) for level in levels] == [(None, 0), ("leeds", 2)]
        assert api.get_stamp(site_id=uk) == stamp + 2

    def test_older_news_changes_nothing(self, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(), now=NOON)
        stamp = api.get_stamp(site_id=uk)

        assert _stock(uk, on_hand=9, updated_at=NOON - timedelta(seconds=1)) == WriteResult(SKU, "unchanged")

        assert Stock.objects.get().on_hand == 3
        assert api.get_stamp(site_id=uk) == stamp

    def test_the_same_numbers_leave_the_stamp_but_move_the_guard(self, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(), now=NOON)
        stamp = api.get_stamp(site_id=uk)

        assert _stock(uk, on_hand=3, updated_at=NOON + timedelta(minutes=9)) == WriteResult(SKU, "unchanged")
        assert _stock(uk, on_hand=7, updated_at=NOON + timedelta(minutes=5)) == WriteResult(SKU, "unchanged")

        assert Stock.objects.get().on_hand == 3
        assert api.get_stamp(site_id=uk) == stamp

    def test_updates_of_one_place_in_one_call_are_ordered_by_time(self, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(), now=NOON)
        updates = [
            StockUpdate(sku=SKU, on_hand=minute, updated_at=NOON + timedelta(minutes=minute)) for minute in (5, 8, 6)
        ]

        outcomes = api.update_stock(site_id=uk, updates=updates, now=LATER)

        assert [getattr(outcome, "status", None) for outcome in outcomes] == ["updated", "updated", "unchanged"]
        assert Stock.objects.get().on_hand == 8

    def test_refuses_unknown_skus_and_times_ahead_and_takes_the_others(self, uk: str, de: str) -> None:
        api.upsert_item(site_id=uk, item=item(), now=NOON)
        updates = [
            StockUpdate(sku="nobody", on_hand=1),
            StockUpdate(sku=SKU, on_hand=1, updated_at=LATER + timedelta(hours=1)),
            StockUpdate(sku=SKU, on_hand=5),
        ]

        outcomes = api.update_stock(site_id=uk, updates=updates, now=LATER)

        assert [(getattr(o, "line", None), getattr(o, "code", None)) for o in outcomes] == [
            (1, "sku_not_found"),
            (2, "in_future"),
            (None, None),
        ]
        assert Stock.objects.get().on_hand == 5
        foreign = _stock(de, on_hand=1)
        assert isinstance(foreign, LineError)
        assert foreign.code == "sku_not_found"

    def test_makes_the_next_import_of_the_item_count(self, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(), now=NOON)
        _stock(uk, on_hand=0)

        assert api.upsert_item(site_id=uk, item=item(), now=LATER).status == "updated"
        assert Stock.objects.get().on_hand == 3

    def test_leaves_an_import_without_offers_unchanged(self, uk: str) -> None:
        bare = item(variants=[variant(SKU, prices=None, stock=None)])
        api.upsert_item(site_id=uk, item=bare, now=NOON)
        _stock(uk, on_hand=4)

        assert api.upsert_item(site_id=uk, item=bare, now=LATER).status == "unchanged"
        assert Stock.objects.get().on_hand == 4


class TestUpdatePrices:
    def test_replaces_all_prices(self, uk: str) -> None:
        both = [price("10"), price("8", store_id="leeds")]
        api.upsert_item(site_id=uk, item=item(variants=[variant(SKU, prices=both)]), now=NOON)

        assert _prices(uk, "12.50") == WriteResult(SKU, "updated")

        assert [(row.amount, row.store_id) for row in Price.objects.all()] == [(Decimal("12.5"), "")]

    def test_older_news_and_repeats_change_nothing(self, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(), now=NOON)
        stamp = api.get_stamp(site_id=uk)

        assert _prices(uk, "9", updated_at=NOON - timedelta(seconds=1)) == WriteResult(SKU, "unchanged")
        assert _prices(uk, "10.00", updated_at=NOON + timedelta(minutes=9)) == WriteResult(SKU, "unchanged")
        assert _prices(uk, "9", updated_at=NOON + timedelta(minutes=5)) == WriteResult(SKU, "unchanged")

        assert Price.objects.get().amount == 10
        assert api.get_stamp(site_id=uk) == stamp

    def test_no_prices_take_it_off_sale(self, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(), now=NOON)

        assert _prices(uk) == WriteResult(SKU, "updated")
        assert not Price.objects.exists()

    def test_a_new_sku_without_prices_takes_prices_of_any_age(self, uk: str) -> None:
        bare = item(variants=[variant(SKU, prices=None, stock=[StockInput(on_hand=1)])])
        api.upsert_item(site_id=uk, item=bare, now=NOON)

        assert _prices(uk, "9", updated_at=NOON - timedelta(days=9)) == WriteResult(SKU, "updated")

    def test_refuses_bad_prices_and_keeps_the_old(self, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(), now=NOON)

        refused = _prices(uk, "9", "9")

        assert isinstance(refused, LineError)
        assert (refused.code, refused.field) == ("duplicate_price", "prices[1]")
        assert Price.objects.get().amount == 10
