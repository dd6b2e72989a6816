"""What every stamp changed is on record, with the stamp, in the transaction of the write."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from apps.catalog import api
from apps.catalog.contracts import CategoryInput, PriceUpdate, StockUpdate, StoreInput
from apps.catalog.models import CatalogChange, Item
from tests.apps.catalog.builders import NOON, item, price


def _log(site_id: str) -> list[tuple[int, list[str], bool]]:
    """Return stamp, item ids and whether places changed, in order of stamps."""
    ids = dict(Item.objects.filter(site_id=site_id).values_list("pk", "item_id"))
    rows = CatalogChange.objects.filter(site_id=site_id).order_by("stamp")
    return [(row.stamp, sorted(ids[key] for key in row.item_keys), row.places) for row in rows]


class TestChangeLog:
    def test_names_what_was_written(self, uk: str) -> None:
        api.upsert_items(site_id=uk, items=[item("a"), item("b"), item("bad", variants=[])], now=NOON)
        api.upsert_item(site_id=uk, item=item("c"), now=NOON)
        api.update_stock(site_id=uk, updates=[StockUpdate(sku="a-49", on_hand=9)], now=NOON)
        api.update_prices(site_id=uk, updates=[PriceUpdate(sku="b-49", prices=[price("7")])], now=NOON)
        api.delete_item(site_id=uk, item_id="b", now=NOON)

        named = [["a", "b", "bad"], ["c"], ["a"], ["b"], ["b"]]
        assert _log(uk) == [(number, ids, False) for number, ids in enumerate(named, start=1)]
        assert api.get_stamp(site_id=uk) == 5

    def test_names_stores_and_categories_as_places(self, uk: str) -> None:
        api.upsert_stores(site_id=uk, stores=[StoreInput(store_id="leeds", name="L")], now=NOON)
        api.upsert_categories(site_id=uk, categories=[CategoryInput(category_id="c", name={"en": "C"})], now=NOON)

        assert _log(uk) == [(1, [], True), (2, [], True)]

    @pytest.mark.parametrize(
        "again",
        [
            lambda uk: api.upsert_items(site_id=uk, items=[item("a")], now=NOON),
            lambda uk: api.update_stock(site_id=uk, updates=[StockUpdate(sku="a-49", on_hand=3)], now=NOON),
            lambda uk: api.update_prices(site_id=uk, updates=[PriceUpdate(sku="a-49", prices=[price()])], now=NOON),
        ],
    )
    def test_says_nothing_of_what_changes_nothing(self, uk: str, again: Callable[[str], Any]) -> None:
        api.upsert_item(site_id=uk, item=item("a"), now=NOON)

        again(uk)

        assert _log(uk) == [(1, ["a"], False)]

    def test_is_as_lasting_as_the_write(self, uk: str) -> None:
        with transaction.atomic():
            api.upsert_item(site_id=uk, item=item("a"), now=NOON)
            transaction.set_rollback(True)

        assert (_log(uk), api.get_stamp(site_id=uk)) == ([], 0)

    def test_is_of_one_site(self, uk: str, de: str) -> None:
        api.upsert_item(site_id=de, item=item("a"), now=NOON)

        assert (len(_log(uk)), len(_log(de))) == (0, 1)
