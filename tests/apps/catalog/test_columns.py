"""The catalogue as arrays."""

from datetime import timedelta
from typing import Any

import pytest

from apps.catalog import api
from apps.catalog.contracts import CategoryInput, ItemColumns, StoreInput
from apps.catalog.models import Category
from specrec.kernel.errors import NotFound
from tests.apps.catalog.builders import NOON, item, variant


def _load(site_id: str, *items: Any, after: timedelta = timedelta(0)) -> ItemColumns:
    assert all(hasattr(o, "status") for o in api.upsert_items(site_id=site_id, items=items, now=NOON))
    return api.load_columns(site_id=site_id, now=NOON + after)


class TestLoadColumns:
    def test_has_a_row_an_item_in_the_order_of_ids(self, uk: str) -> None:
        columns = _load(
            uk,
            item(
                "b", item_type="frame", brand="Vane", category_ids=["women", "new"], image_urls=["/b.svg"], url="/p/b"
            ),
            item("B", brand="Vane", name={"de-DE": "Brille"}, published=False),
            item("a", brand="Lux", category_ids=["new"], stock_managed=False, released_at=NOON - timedelta(days=1)),
        )

        assert columns.item_ids == ["B", "a", "b"]
        assert columns.row_of == {"B": 0, "a": 1, "b": 2}
        assert [columns.item_types[code] for code in columns.item_type] == ["generic", "generic", "frame"]
        assert [columns.brands[code] for code in columns.brand] == ["Vane", "Lux", "Vane"]
        assert columns.published.tolist() == [False, True, True]
        assert columns.stock_managed.tolist() == [True, False, True]
        assert (columns.released_at - NOON.timestamp()).tolist() == [0.0, -86400.0, 0.0]
        assert columns.category_indptr.tolist() == [0, 0, 1, 3]
        assert [columns.category_ids[code] for code in columns.category_indices] == ["new", "women", "new"]
        assert columns.names == {"en-GB": ["", "A", "B"], "de-DE": ["Brille", "", ""]}
        assert columns.image_urls == [None, None, "/b.svg"]
        assert columns.urls == [None, None, "/p/b"]
        assert (columns.site_id, columns.currency, columns.locale) == ("uk", "GBP", "en-GB")
        assert columns.stamp == api.get_stamp(site_id=uk)

    def test_has_variants_in_their_order(self, uk: str) -> None:
        columns = _load(uk, item("b", variants=[variant("z"), variant("y")]), item("a"))

        assert columns.variant_indptr.tolist() == [0, 1, 3]
        assert columns.skus == ["a-49", "z", "y"]

    def test_lays_the_first_variant_beneath_the_item(self, uk: str) -> None:
        first = variant("s", attributes={"colour_family": "black", "tags": ["v"]}, image_urls=["/v.svg"])
        second = variant("t", attributes={"colour_family": "red"})

        columns = _load(uk, item(item_type="frame", attributes={"tags": ["i"]}, variants=[first, second]))

        assert columns.attributes == [{"colour_family": "black", "tags": ["i"]}]
        assert columns.image_urls == ["/v.svg"]

    def test_keeps_the_order_of_categories(self, uk: str) -> None:
        categories = [
            CategoryInput(category_id="b", name={"en": "B"}, position=1),
            CategoryInput(category_id="a", name={"en": "A"}, position=2),
        ]
        api.upsert_categories(site_id=uk, categories=categories, now=NOON)

        assert _load(uk, item(category_ids=["zzz"])).category_ids == ["b", "a", "zzz"]

    def test_counts_an_item_to_the_categories_above_its_own(self, uk: str) -> None:
        tree = {"women": "frames", "frames": "all", "all": "", "sale": "nowhere"}
        categories = [
            CategoryInput(category_id=key, name={"en": key}, parent_id=up or None) for key, up in tree.items()
        ]
        api.upsert_categories(site_id=uk, categories=categories, now=NOON)

        columns = _load(uk, item("a", category_ids=["women", "frames"]), item("b", category_ids=["sale", "all"]))

        named = [columns.category_ids[code] for code in columns.category_indices]
        assert columns.category_indptr.tolist() == [0, 3, 6]
        assert named == ["women", "frames", "all", "sale", "nowhere", "all"]

    def test_survives_a_loop_of_categories(self, uk: str) -> None:
        for own, above in (("x", "y"), ("y", "x")):
            Category.objects.create(site_id=uk, category_id=own, name={"en": own}, parent_id=above)

        columns = _load(uk, item("a", category_ids=["x"]))

        assert [columns.category_ids[code] for code in columns.category_indices] == ["x", "y"]

    def test_names_the_stores_that_are_open(self, uk: str, de: str) -> None:
        stores = [StoreInput(store_id="leeds", name="L"), StoreInput(store_id="bath", name="B", is_active=False)]
        api.upsert_stores(site_id=uk, stores=stores, now=NOON)
        api.upsert_stores(site_id=de, stores=[StoreInput(store_id="ulm", name="U")], now=NOON)

        assert _load(uk).store_ids == {"leeds"}

    def test_knows_nothing_of_deleted_items_and_other_sites(self, uk: str, de: str) -> None:
        api.upsert_item(site_id=de, item=item("german"), now=NOON)
        api.upsert_item(site_id=uk, item=item("gone"), now=NOON)
        api.delete_item(site_id=uk, item_id="gone", now=NOON)

        columns = _load(uk, item("a"))

        assert columns.item_ids == ["a"]
        assert columns.skus == ["a-49"]

    def test_of_an_empty_site(self, uk: str) -> None:
        columns = api.load_columns(site_id=uk, now=NOON)

        assert (columns.item_ids, columns.skus, columns.stamp) == ([], [], 0)
        assert columns.variant_indptr.tolist() == columns.category_indptr.tolist() == [0]
        assert api.offer(columns=columns, store_id="leeds").available.tolist() == []

    def test_of_an_unknown_site(self, db: None) -> None:
        with pytest.raises(NotFound):
            api.load_columns(site_id="nowhere", now=NOON)

    def test_reads_one_snapshot_outside_of_a_transaction(self, committed_uk: str) -> None:
        assert _load(committed_uk, item("a")).item_ids == ["a"]

    def test_costs_a_constant_number_of_statements(self, uk: str, django_assert_num_queries: Any) -> None:
        _load(uk, *[item(f"i{number}") for number in range(50)])
        with django_assert_num_queries(10):
            api.load_columns(site_id=uk, now=NOON)
