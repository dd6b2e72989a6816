"""Reading items: pages, filters, order."""

from datetime import timedelta
from typing import Any

import pytest

from apps.catalog import api
from apps.catalog.contracts import CategoryInput, WriteResult
from specrec.kernel.errors import Invalid
from tests.apps.catalog.builders import NOON, item


def _write(site_id: str, *items: Any, after: int = 0) -> list[str]:
    outcomes = api.upsert_items(site_id=site_id, items=items, now=NOON + timedelta(seconds=after))
    return [outcome.status if isinstance(outcome, WriteResult) else outcome.code for outcome in outcomes]


class TestListItems:
    def test_pages_stay_stable_when_items_come_and_go(self, uk: str) -> None:
        _write(uk, *[item(name) for name in ("b", "d", "f", "h")])
        first = api.list_items(site_id=uk, limit=2)
        api.delete_item(site_id=uk, item_id="d", now=NOON)
        _write(uk, item("a"), item("e"))

        second = api.list_items(site_id=uk, limit=2, cursor=first.next_cursor)
        third = api.list_items(site_id=uk, limit=2, cursor=second.next_cursor)

        assert [[row.item_id for row in page.items] for page in (first, second, third)] == [
            ["b", "d"],
            ["e", "f"],
            ["h"],
        ]
        assert third.next_cursor is None

    def test_filters(self, uk: str) -> None:
        _write(
            uk,
            item("a", category_ids=["x"]),
            item("b", item_type="frame"),
            item("c", published=False, category_ids=["x", "y"]),
        )

        def ids(**given: Any) -> list[str]:
            return [row.item_id for row in api.list_items(site_id=uk, **given).items]

        assert ids(item_type="frame") == ["b"]
        assert ids(category_id="x") == ["a", "c"]
        assert ids(category_id="x", published=True) == ["a"]
        assert ids(published=False) == ["c"]

    def test_finds_items_of_a_category_in_those_below_it(self, uk: str) -> None:
        tree = {"women": "frames", "frames": "all", "lenses": "all", "all": None}
        categories = [CategoryInput(category_id=key, name={"en": key}, parent_id=up) for key, up in tree.items()]
        api.upsert_categories(site_id=uk, categories=categories, now=NOON)
        _write(uk, item("a", category_ids=["women"]), item("b", category_ids=["lenses"]), item("c"))

        found = {
            key: [row.item_id for row in api.list_items(site_id=uk, category_id=key).items] for key in (*tree, "none")
        }

        assert found == {"women": ["a"], "frames": ["a"], "lenses": ["b"], "all": ["a", "b"], "none": []}

    def test_costs_a_constant_number_of_statements(self, uk: str, django_assert_num_queries: Any) -> None:
        _write(uk, *[item(f"i{number}") for number in range(30)])
        with django_assert_num_queries(4):
            assert len(api.list_items(site_id=uk).items) == 30

    @pytest.mark.parametrize("cursor", ["x", "!!!", "WzFd", "WyJhXHUwMDAwIl0", "W10", "bnVsbA"])
    def test_refuses_a_cursor_that_it_did_not_give_out(self, uk: str, cursor: str) -> None:
        with pytest.raises(Invalid) as caught:
            api.list_items(site_id=uk, cursor=cursor)

        assert caught.value.code == "bad_cursor"


class TestGetItems:
    def test_returns_those_that_exist_in_the_order_asked_for(self, uk: str, de: str) -> None:
        _write(uk, item("a"), item("b"), item("c", published=False))

        found = api.get_items(site_id=uk, item_ids=["c", "nobody", "a", "c"])

        assert [row.item_id for row in found] == ["c", "a"]
        assert [row.item_id for row in api.get_items(site_id=uk, item_ids=["c", "a"], published_only=True)] == ["a"]
        assert api.get_items(site_id=de, item_ids=["a"]) == []
