"""The catalogue's part of the GraphQL schema."""

import re
from types import SimpleNamespace
from typing import Any

import graphene
import pytest

from apps.catalog import api
from apps.catalog.contracts import CategoryInput, StockInput, StoreInput
from apps.catalog.graphql import Query
from apps.profiles.contracts import Caller
from tests.apps.catalog.builders import NOON, item, price, variant

SCHEMA = graphene.Schema(query=Query)
ITEMS = """
query ($after: String) { items(first: 2, after: $after) {
  edges { cursor node { itemId name variants { sku prices { amount currency } stock { onHand } } } }
  pageInfo { hasNextPage endCursor } } }
"""


def _ask(text: str, site_id: str, kind: Any = "secret", scope: str = "catalog:read", **variables: Any) -> Any:
    caller = Caller(key_id="k", site_id=site_id, kind=kind, scopes=frozenset({scope}))
    return SCHEMA.execute(text, context_value=SimpleNamespace(caller=caller), variable_values=variables)


class TestItem:
    def test_is_in_the_asked_language(self, uk: str) -> None:
        names = {"de-DE": "Brille", "en-GB": "Frame", "fr-FR": "Monture"}
        api.upsert_item(site_id=uk, item=item(name=names, attributes={"size": 3}), now=NOON)
        text = 'query ($locale: String) { item(itemId: "aldgate", locale: $locale) { name attributes } }'

        def name(locale: str | None) -> str:
            return str(_ask(text, uk, locale=locale).data["item"]["name"])

        assert [name(locale) for locale in ("de-DE", "fr-CA", "it", None)] == ["Brille", "Monture", "Frame", "Frame"]
        assert _ask(text, uk).data["item"]["attributes"] == {"size": 3}

    def test_of_another_site_or_unpublished_is_null(self, uk: str, de: str) -> None:
        api.upsert_items(site_id=uk, items=[item("a"), item("b", published=False)], now=NOON)
        text = "query ($id: String!) { item(itemId: $id) { itemId } }"

        assert _ask(text, de, id="a").data == {"item": None}
        assert _ask(text, uk, kind="publishable", id="b").data == {"item": None}
        assert _ask(text, uk, id="b").data == {"item": {"itemId": "b"}}

    def test_needs_the_scope(self, uk: str) -> None:
        result = _ask('{ item(itemId: "a") { itemId } }', uk, scope="events:write")

        assert result.data == {"item": None}
        assert getattr(result.errors[0].original_error, "status", None) == 403


class TestItems:
    def test_pages_by_cursor(self, uk: str) -> None:
        api.upsert_items(
            site_id=uk,
            items=[item(name, variants=[variant(name, prices=[price("129")])]) for name in "abc"],
            now=NOON,
        )

        first = _ask(ITEMS, uk).data["items"]
        second = _ask(ITEMS, uk, after=first["pageInfo"]["endCursor"]).data["items"]

        assert first["edges"][0]["node"] == {
            "itemId": "a",
            "name": "A",
            "variants": [{"sku": "a", "prices": [{"amount": "129.00", "currency": "GBP"}], "stock": [{"onHand": 3}]}],
        }
        assert first["pageInfo"] == {"hasNextPage": True, "endCursor": first["edges"][1]["cursor"]}
        assert [edge["node"]["itemId"] for edge in second["edges"]] == ["c"]
        assert second["pageInfo"]["hasNextPage"] is False

    def test_costs_a_constant_number_of_statements(self, uk: str, django_assert_num_queries: Any) -> None:
        api.upsert_items(site_id=uk, items=[item(f"i{number}") for number in range(40)], now=NOON)
        with django_assert_num_queries(5):
            result = _ask(ITEMS.replace("first: 2", "first: 40"), uk)

        assert len(result.data["items"]["edges"]) == 40

    @pytest.mark.parametrize(
        ("node", "tables"),
        [
            ("itemId name", ["item"]),
            ("variants { sku }", ["item", "variant"]),
            ("variants { sku prices { amount } }", ["item", "price", "variant"]),
            ("v: variants { s: stock { onHand } }", ["item", "stock", "variant"]),
            ("...Deep", ["item", "stock", "variant"]),
            ("... on ItemNode { variants { sku } variants { prices { amount } } }", ["item", "price", "variant"]),
        ],
    )
    def test_read_only_what_is_asked_for(
        self, uk: str, django_assert_num_queries: Any, node: str, tables: list[str]
    ) -> None:
        api.upsert_item(site_id=uk, item=item(), now=NOON)
        deep = (
            "fragment Deep on ItemNode { variants { ...Levels } } fragment Levels on VariantNode { stock { onHand } }"
        )
        unused = deep if "Deep" in node else ""
        with django_assert_num_queries(len(tables) + 1) as asked:
            page = _ask(f"{{ items {{ edges {{ node {{ {node} }} }} }} }} {unused}", uk)
            one = page.data["items"]["edges"][0]["node"]

        read = {re.search(r'FROM "catalog_(\w+)"', query["sql"]) for query in asked.captured_queries}
        assert sorted({found[1] for found in read if found}) == tables
        assert _ask(f'{{ item(itemId: "aldgate") {{ {node} }} }} {unused}', uk).data == {"item": one}

    def test_show_the_first_hundred_places(self, uk: str) -> None:
        stock = [StockInput(on_hand=number, store_id=f"s{number:03}") for number in range(150)]
        many = item(variants=[variant("a", stock=stock), variant("b", stock=stock[100:])])
        api.upsert_item(site_id=uk, item=many, now=NOON)

        variants = _ask(ITEMS, uk).data["items"]["edges"][0]["node"]["variants"]

        assert [level["onHand"] for level in variants[0]["stock"]] == list(range(100))
        assert [level["onHand"] for level in variants[1]["stock"]] == list(range(100, 150))

    def test_of_a_browser_are_a_hundred_a_page_at_most(self, uk: str) -> None:
        text = "query ($first: Int!) { items(first: $first) { pageInfo { endCursor } } }"

        refused = _ask(text, uk, kind="publishable", first=101)

        assert getattr(refused.errors[0].original_error, "code", None) == "bad_limit"
        assert _ask(text, uk, kind="publishable", first=100).errors is None
        assert _ask(text, uk, first=500).errors is None

    def test_of_a_browser_are_published(self, uk: str) -> None:
        api.upsert_items(site_id=uk, items=[item("a", published=False), item("b")], now=NOON)

        edges = _ask(ITEMS, uk, kind="publishable").data["items"]["edges"]

        assert [edge["node"]["itemId"] for edge in edges] == ["b"]

    @pytest.mark.parametrize(
        ("arguments", "field"),
        [("first: 0", "limit"), ('itemType: "spoon"', "item_type"), ('after: "x"', "cursor")],
    )
    def test_name_what_is_wrong(self, uk: str, arguments: str, field: str) -> None:
        result = _ask(f"{{ items({arguments}) {{ pageInfo {{ endCursor }} }} }}", uk)

        assert getattr(result.errors[0].original_error, "field", None) == field


class TestCategoriesAndStores:
    def test_are_listed(self, uk: str) -> None:
        categories = [CategoryInput(category_id="frames", name={"en-GB": "Frames", "de-DE": "Fassungen"})]
        api.upsert_categories(site_id=uk, categories=categories, now=NOON)
        api.upsert_stores(site_id=uk, stores=[StoreInput(store_id="leeds", name="Leeds")], now=NOON)

        data = _ask('{ categories(locale: "de-DE") { categoryId name parentId } stores { storeId isActive } }', uk).data

        assert data == {
            "categories": [{"categoryId": "frames", "name": "Fassungen", "parentId": None}],
            "stores": [{"storeId": "leeds", "isActive": True}],
        }
