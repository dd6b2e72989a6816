"""The HTTP doors, through the real gate."""

import pytest

from apps.catalog import api
from apps.catalog.models import Item
from apps.catalog.rest.items import FRAME
from tests.apps.catalog.builders import NOON, item, problem_of, variant, wire_item
from tests.apps.catalog.conftest import Door


class TestItems:
    def test_writes_and_reads_the_documented_example(self, server: Door) -> None:
        created = server.ask("POST", "/v1/items", FRAME)
        repeated = server.ask("PUT", "/v1/items/aldgate", FRAME)
        read = server.ask("GET", "/v1/items/aldgate")

        assert (created.status_code, created.json()) == (201, {"id": "aldgate", "status": "created"})
        assert (repeated.status_code, repeated.json()) == (200, {"id": "aldgate", "status": "unchanged"})
        assert read.json()["variants"][0]["prices"][0]["amount"] == "129.00"
        assert "cost" not in read.content.decode()

    def test_an_id_may_hold_a_slash(self, server: Door) -> None:
        server.ask("POST", "/v1/items", wire_item("a/b"))

        assert server.ask("GET", "/v1/items/a/b").json()["item_id"] == "a/b"

    def test_deletes(self, server: Door, uk: str) -> None:
        server.ask("POST", "/v1/items", wire_item(source_version=5))

        older = server.ask("DELETE", "/v1/items/aldgate?source_version=4")
        newer = server.ask("DELETE", "/v1/items/aldgate?source_version=6")

        assert (older.json()["status"], newer.json()["status"]) == ("unchanged", "deleted")
        assert problem_of(server.ask("GET", "/v1/items/aldgate")) == (404, "item_not_found", "item_id")

    def test_lists_pages(self, server: Door, uk: str) -> None:
        api.upsert_items(site_id=uk, items=[item(name) for name in "abc"], now=NOON)

        first = server.ask("GET", "/v1/items?limit=2").json()
        second = server.ask("GET", f"/v1/items?limit=2&cursor={first['next_cursor']}").json()

        assert [row["item_id"] for row in first["items"] + second["items"]] == ["a", "b", "c"]
        assert second["next_cursor"] is None

    def test_pages_by_cursors_of_the_longest_ids(self, server: Door, uk: str) -> None:
        names = sorted(["\U0001f576" * 128, "\u93e1" * 128, "z" * 128])
        api.upsert_items(site_id=uk, items=[item(name, variants=[variant(name)]) for name in names], now=NOON)

        first = server.ask("GET", "/v1/items?limit=2").json()
        second = server.ask("GET", f"/v1/items?limit=2&cursor={first['next_cursor']}")

        assert second.status_code == 200, second.content
        assert [row["item_id"] for row in first["items"] + second.json()["items"]] == names

    def test_empty_prices_and_stock_remove_what_was(self, server: Door, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(), now=NOON)

        for part in ("prices", "stock"):
            written = server.ask("POST", "/v1/items", wire_item(variants=[{"sku": "aldgate-49", part: []}]))
            assert written.json() == {"id": "aldgate", "status": "updated"}

            stored = server.ask("GET", "/v1/items/aldgate").json()["variants"][0]
            assert stored[part] == []

    def test_a_browser_sees_published_items_only(self, browser: Door, uk: str) -> None:
        api.upsert_items(site_id=uk, items=[item("a"), item("b", published=False)], now=NOON)

        assert [row["item_id"] for row in browser.ask("GET", "/v1/items?published=false").json()["items"]] == ["a"]
        assert problem_of(browser.ask("GET", "/v1/items/b"))[0] == 404

    def test_another_sites_item_is_not_found(self, german_server: Door, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(), now=NOON)

        assert problem_of(german_server.ask("GET", "/v1/items/aldgate")) == (404, "item_not_found", "item_id")
        assert problem_of(german_server.ask("DELETE", "/v1/items/aldgate")) == (404, "item_not_found", "item_id")
        assert Item.objects.get().deleted_at is None

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "/v1/items"),
            ("PUT", "/v1/items/a"),
            ("DELETE", "/v1/items/a"),
            ("POST", "/v1/items/bulk"),
            ("POST", "/v1/stock"),
            ("POST", "/v1/prices"),
            ("POST", "/v1/stores"),
            ("POST", "/v1/categories"),
            ("GET", "/v1/imports/0b8a2c1e-5a0f-4f0e-9f5e-2f2f6a7f3c11"),
        ],
    )
    def test_writing_needs_the_scope(self, reader: Door, method: str, path: str) -> None:
        assert problem_of(reader.ask(method, path, {}))[0] == 403
        assert not Item.objects.exists()

    def test_no_key_is_not_let_in(self, db: None) -> None:
        assert problem_of(Door("nonsense").ask("GET", "/v1/items"))[0] == 401
