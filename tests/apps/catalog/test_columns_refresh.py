"""Columns brought up to date say what columns loaded afresh say."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from apps.catalog import api
from apps.catalog.columns import refresh
from apps.catalog.columns.load import load_columns
from apps.catalog.contracts import CategoryInput, ItemColumns, PriceUpdate, StockInput, StockUpdate, StoreInput
from apps.catalog.models import CatalogChange, Category, Store
from tests.apps.catalog.builders import NOON, item, price, variant
from tests.apps.catalog.told import told

HOUR = timedelta(hours=1)


def _write(site_id: str, *items: Any, now: datetime = NOON) -> None:
    assert all(hasattr(o, "status") for o in api.upsert_items(site_id=site_id, items=items, now=now))


def _refreshed(columns: ItemColumns, now: datetime = NOON) -> ItemColumns:
    """Return the columns brought up to date, which must say what is stored."""
    fresh = api.refresh_columns(columns=columns, now=now)
    loaded = told(load_columns(site_id=columns.site_id, currency="GBP", locale="en-GB", now=now))
    assert told(api.load_columns(site_id=columns.site_id, now=now)) == loaded
    found = told(fresh)
    loaded["attributes"] = {name: said for name, said in loaded["attributes"].items() if said}
    found["attributes"] = {name: said for name, said in found["attributes"].items() if said}
    assert found == loaded
    return fresh


@pytest.fixture
def held(uk: str) -> ItemColumns:
    """Three items, of which the second has two variants."""
    _write(uk, item("a"), item("b", variants=[variant("b1"), variant("b2")]), item("c", category_ids=["x"]))
    return api.open_columns(site_id=uk, now=NOON)


class TestRefreshColumns:
    def test_are_the_same_object_when_nothing_moved(self, held: ItemColumns) -> None:
        assert api.refresh_columns(columns=held, now=NOON) is held

    def test_follow_stock_and_copy_nothing_else(self, held: ItemColumns) -> None:
        api.update_stock(site_id="uk", updates=[StockUpdate(sku="a-49", on_hand=0)], now=NOON)

        fresh = _refreshed(held)

        assert (held.in_stock.tolist(), fresh.in_stock.tolist()) == ([True] * 4, [False, True, True, True])
        shared = ("price", "cost", "compare_at", "published", "category_indices", "variant_indptr", "skus", "names")
        kept = ("item_ids", "row_of", "attributes", "attribute_columns", "brands", "released_at", "store_price")
        assert [name for name in (*shared, *kept) if getattr(held, name) is not getattr(fresh, name)] == []
        assert (fresh.base_id, fresh.fresh_rows.tolist()) == (held.base_id, [0])

    def test_name_what_moved_since_the_base_and_since_the_last_time(self, held: ItemColumns) -> None:
        api.update_stock(site_id="uk", updates=[StockUpdate(sku="b1", on_hand=0)], now=NOON)
        first = _refreshed(held)
        _write("uk", item("a", brand="Vane"), item("d"))

        second = _refreshed(first)

        assert (first.fresh_rows.tolist(), first.moved_rows.tolist()) == ([1], [1])
        assert (second.fresh_rows.tolist(), second.moved_rows.tolist()) == ([0, 1, 3], [0, 3])

    def test_append_what_is_new(self, held: ItemColumns) -> None:
        _write("uk", item("aa", item_type="frame", attributes={"shape": "round"}, name={"fr": "Aa"}))

        fresh = _refreshed(held)

        assert list(fresh.item_ids) == ["a", "b", "c", "aa"]
        assert fresh.names["fr"] == ["", "", "", "Aa"]

    def test_leave_the_row_of_what_is_gone(self, held: ItemColumns) -> None:
        api.delete_item(site_id="uk", item_id="b", now=NOON)

        fresh = _refreshed(held)

        assert (list(fresh.row_of), fresh.row_of.get("b"), "b" in fresh.row_of) == (["a", "c"], None, False)
        assert fresh.published.tolist() == [True, False, True]
        assert np.isnan(fresh.price).tolist() == [False, True, True, False]

    def test_take_back_what_was_gone(self, held: ItemColumns) -> None:
        api.delete_item(site_id="uk", item_id="b", now=NOON)
        without = _refreshed(held)
        _write("uk", item("b", variants=[variant("b2")]))

        assert (held.row_of["b"], _refreshed(without).row_of["b"]) == (1, 3)

    def test_keep_the_row_of_an_item_that_needs_less_room(self, held: ItemColumns) -> None:
        _write("uk", item("b", variants=[variant("b2")]))

        fresh = _refreshed(held)

        assert (fresh.row_of["b"], fresh.skus) == (1, ["a-49", "b2", "", "c-49"])

    def test_move_an_item_that_needs_more_room_to_the_end(self, held: ItemColumns) -> None:
        _write("uk", item("a", variants=[variant("a1"), variant("a2"), variant("a3")]))

        fresh = _refreshed(held)

        assert fresh.row_of["a"] == 3
        assert fresh.skus == ["", "b1", "b2", "c-49", "a1", "a2", "a3"]
        assert fresh.published.tolist() == [False, True, True, True]
        assert (fresh.fresh_rows.tolist(), fresh.variant_indptr.tolist()) == ([0, 3], [0, 1, 3, 4, 7])

    def test_let_a_sku_move_between_items(self, held: ItemColumns) -> None:
        _write("uk", item("b", variants=[variant("b1")]), item("c", variants=[variant("b2"), variant("c-49")]))

        _refreshed(held)

    def test_follow_prices_of_stores(self, held: ItemColumns) -> None:
        own = PriceUpdate(sku="b2", prices=[price("9"), price("7", store_id="leeds")])
        api.update_prices(site_id="uk", updates=[own], now=NOON)
        special = _refreshed(held)
        api.update_prices(site_id="uk", updates=[PriceUpdate(sku="b2", prices=[price("9")])], now=NOON + HOUR)

        plain = _refreshed(special)

        assert special.store_price["leeds"].variants.tolist() == [2]
        assert dict(plain.store_price) == {}

    def test_follow_prices_that_begin_and_end(self, held: ItemColumns) -> None:
        sale = price("5", valid_from=NOON + HOUR, valid_until=NOON + 2 * HOUR)
        api.update_prices(site_id="uk", updates=[PriceUpdate(sku="a-49", prices=[price(), sale])], now=NOON)
        before = _refreshed(held)

        during = _refreshed(before, NOON + HOUR)
        after = _refreshed(during, NOON + 2 * HOUR)

        assert [columns.price[0] for columns in (before, during, after)] == [10.0, 5.0, 10.0]
        assert (before.next_change, during.next_change) == ((NOON + HOUR).timestamp(), (NOON + 2 * HOUR).timestamp())
        assert after.next_change == float("inf")
        assert _refreshed(before, NOON + 3 * HOUR).price[0] == 10.0

    def test_never_go_back_in_time(self, held: ItemColumns) -> None:
        sale = price("5", valid_from=NOON + HOUR)
        api.update_prices(site_id="uk", updates=[PriceUpdate(sku="a-49", prices=[price(), sale])], now=NOON)
        later = _refreshed(held, NOON + HOUR)

        assert api.refresh_columns(columns=later, now=NOON) is later

    def test_follow_stores_that_open_and_close(self, held: ItemColumns) -> None:
        _write("uk", item("a", variants=[variant("a-49", stock=[StockInput(on_hand=1, store_id="leeds")])]))
        unknown = _refreshed(held)
        api.upsert_stores(site_id="uk", stores=[StoreInput(store_id="leeds", name="L", is_active=False)], now=NOON)
        closed = _refreshed(unknown)
        api.upsert_stores(site_id="uk", stores=[StoreInput(store_id="leeds", name="L")], now=NOON)

        opened = _refreshed(closed)

        assert ["leeds" in columns.store_stock for columns in (unknown, closed, opened)] == [True, False, True]
        assert [columns.store_ids for columns in (closed, opened)] == [frozenset(), {"leeds"}]
        assert (opened.moved_rows.tolist(), opened.fresh_rows.tolist()) == ([0], [0])

    def test_follow_categories_that_move(self, held: ItemColumns) -> None:
        tree = [("x", "all"), ("y", None)]
        for above in ("all", "y", None):
            tree[0] = ("x", above)
            given = [CategoryInput(category_id=own, name={"en": own}, parent_id=up) for own, up in tree]
            api.upsert_categories(site_id="uk", categories=given, now=NOON)

            held = _refreshed(held)

            codes = held.category_indices[held.category_indptr[2] :]
            assert [held.category_ids[code] for code in codes.tolist()] == ["x", *([above] if above else [])]

    def test_follow_a_renamed_brand(self, held: ItemColumns) -> None:
        _write("uk", *[item(name, brand="Lux") for name in ("a", "c")])

        assert _refreshed(held).brands == ["", "Lux"]

    def test_read_all_anew_where_the_log_was_trimmed(self, held: ItemColumns) -> None:
        for number in range(3):
            api.update_stock(site_id="uk", updates=[StockUpdate(sku="a-49", on_hand=7 + number)], now=NOON)
        CatalogChange.objects.filter(stamp=held.stamp + 1).delete()

        assert _refreshed(held).base_id != held.base_id

    def test_read_all_anew_in_another_currency(self, held: ItemColumns) -> None:
        other = refresh.refresh_columns(held, currency="EUR", locale="en-GB", now=NOON)

        assert (other.currency, other.base_id != held.base_id) == ("EUR", True)
        assert np.isnan(other.price).all()

    def test_see_one_moment_outside_of_a_transaction(self, committed_uk: str) -> None:
        _write(committed_uk, item("a"))
        held = api.open_columns(site_id=committed_uk, now=NOON)
        _write(committed_uk, item("b"))

        assert list(_refreshed(held).item_ids) == ["a", "b"]

    def test_cost_as_much_as_they_must(self, held: ItemColumns, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(2):
            api.refresh_columns(columns=held, now=NOON)
        api.update_stock(site_id="uk", updates=[StockUpdate(sku="a-49", on_hand=0)], now=NOON)
        with django_assert_num_queries(10):
            api.refresh_columns(columns=held, now=NOON)


class _Chaos:
    """Random writes of everything that columns are made of."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = NOON

    def step(self) -> None:
        """Do one of them."""
        self.now += timedelta(minutes=self.random.randrange(40))
        steps: list[Callable[[], Any]] = [self.items, self.items, self.delete, self.stock, self.prices, self.places]
        self.random.choice(steps)()

    def items(self) -> None:
        _write("uk", *[self._item(name) for name in self.random.sample("abcdefgh", 3)], now=self.now)

    def delete(self) -> None:
        known = [found.item_id for found in api.list_items(site_id="uk").items]
        if known:
            api.delete_item(site_id="uk", item_id=self.random.choice(known), now=self.now)

    def stock(self) -> None:
        update = StockUpdate(sku=self._sku(), on_hand=self.random.randrange(2), store_id=self._store())
        api.update_stock(site_id="uk", updates=[update], now=self.now)

    def prices(self) -> None:
        update = PriceUpdate(sku=self._sku(), prices=[self._price() for _ in range(self.random.randrange(4))])
        api.update_prices(site_id="uk", updates=[update], now=self.now)

    def places(self) -> None:
        if self.random.random() < 0.5:
            store = StoreInput(store_id=self.random.choice(["leeds", "york"]), name="S", is_active=self._flag())
            api.upsert_stores(site_id="uk", stores=[store], now=self.now)
        elif self.random.random() < 0.2:
            Category.objects.filter(site_id="uk").delete()
            Store.objects.filter(site_id="uk").delete()
            api.upsert_stores(site_id="uk", stores=[StoreInput(store_id="bath", name=str(self.now))], now=self.now)
        else:
            own, above = self.random.sample("xyz", 2)
            category = CategoryInput(category_id=own, name={"en": own}, parent_id=self.random.choice([above, None]))
            api.upsert_categories(site_id="uk", categories=[category], now=self.now)

    def _item(self, name: str) -> Any:
        skus = [f"{name}{number}" for number in range(4)]
        self.random.shuffle(skus)
        attributes = [{}, {"shape": "round"}, {"size": self.random.randrange(3)}, {"tags": ["x", "y"]}, {"is": True}]
        return item(
            name,
            brand=self.random.choice(["", "Lux", "Vane"]),
            name=self.random.choice([{"en-GB": name}, {"de-DE": name * 2}, {"en-GB": name, "fr": "F"}]),
            category_ids=self.random.sample("xyzw", self.random.randrange(3)),
            published=self.random.random() < 0.8,
            stock_managed=self._flag(),
            attributes=self.random.choice(attributes),
            url=self.random.choice([None, f"/{name}"]),
            variants=[
                variant(sku, prices=[self._price()], stock=[StockInput(on_hand=1, store_id=self._store())])
                for sku in skus[: 1 + self.random.randrange(3)]
            ],
        )

    def _price(self) -> Any:
        begins = self.random.choice([None, self.now + timedelta(minutes=self.random.randrange(-60, 60))])
        ends = None if begins is None else begins + timedelta(minutes=30)
        compare_at = self.random.choice([None, Decimal(99)])
        amount = str(self.random.randrange(1, 50))
        return price(amount, store_id=self._store(), valid_from=begins, valid_until=ends, compare_at=compare_at)

    def _sku(self) -> str:
        return self.random.choice("abcdefgh") + str(self.random.randrange(4))

    def _store(self) -> str | None:
        return self.random.choice([None, "leeds", "york", "bath"])

    def _flag(self) -> bool:
        return self.random.random() < 0.5


class TestRefreshColumnsAfterRandomWrites:
    @pytest.mark.parametrize(("seed", "mapped_from"), [(0, 9), (1, 9), (2, 9), (3, 0), (4, 0), (5, 0)])
    def test_say_what_is_stored(self, uk: str, seed: int, mapped_from: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(refresh, "MAPPED_FROM", mapped_from)
        chaos = _Chaos(seed)
        chaos.items()
        opened = held = api.open_columns(site_id=uk, now=chaos.now)
        for _ in range(25):
            for _ in range(chaos.random.randrange(1, 4)):
                chaos.step()
            before, held = held, _refreshed(held, chaos.now)
            _same_offers(before, held)
        assert held.base_id == opened.base_id


def _same_offers(before: ItemColumns, after: ItemColumns) -> None:
    """Fail unless offers made from those before are those made anew."""
    if after is before:
        return
    for store in (None, "leeds", "york", "nowhere"):
        earlier = api.offer(columns=before, store_id=store)
        found = api.refresh_offer(before=earlier, columns=after, store_id=store, rows=after.moved_rows)
        anew = api.offer(columns=after, store_id=store)
        for name in ("variant", "price", "available"):
            np.testing.assert_array_equal(getattr(found, name), getattr(anew, name))
