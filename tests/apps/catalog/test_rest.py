"""The HTTP doors, through the real gate."""

import gzip
import json
from typing import Any

import pytest

from apps.catalog import api
from apps.catalog.contracts import MAX_IMPORT_BYTES
from apps.catalog.models import Category, ImportJob, Item, Store
from apps.catalog.rest.items import FRAME
from specrec.kernel import clock, jobs
from tests.apps.catalog.builders import NOON, item, wire_item
from tests.apps.catalog.conftest import Door


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "enqueue", lambda *_args, **_kwargs: None)


def _problem(response: Any) -> tuple[int, str, str | None]:
    assert response["Content-Type"] == "application/problem+json", response.content
    document = response.json()
    assert document["status"] == response.status_code
    assert document["detail"]
    return response.status_code, document["code"], document.get("field")


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
        assert _problem(server.ask("GET", "/v1/items/aldgate")) == (404, "item_not_found", "item_id")

    def test_lists_pages(self, server: Door, uk: str) -> None:
        api.upsert_items(site_id=uk, items=[item(name) for name in "abc"], now=NOON)

        first = server.ask("GET", "/v1/items?limit=2").json()
        second = server.ask("GET", f"/v1/items?limit=2&cursor={first['next_cursor']}").json()

        assert [row["item_id"] for row in first["items"] + second["items"]] == ["a", "b", "c"]
        assert second["next_cursor"] is None

    def test_a_browser_sees_published_items_only(self, browser: Door, uk: str) -> None:
        api.upsert_items(site_id=uk, items=[item("a"), item("b", published=False)], now=NOON)

        assert [row["item_id"] for row in browser.ask("GET", "/v1/items?published=false").json()["items"]] == ["a"]
        assert _problem(browser.ask("GET", "/v1/items/b"))[0] == 404

    def test_another_sites_item_is_not_found(self, german_server: Door, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(), now=NOON)

        assert _problem(german_server.ask("GET", "/v1/items/aldgate")) == (404, "item_not_found", "item_id")
        assert _problem(german_server.ask("DELETE", "/v1/items/aldgate")) == (404, "item_not_found", "item_id")
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
        assert _problem(reader.ask(method, path, {}))[0] == 403
        assert not Item.objects.exists()

    def test_no_key_is_not_let_in(self, db: None) -> None:
        assert _problem(Door("nonsense").ask("GET", "/v1/items"))[0] == 401


BODIES: list[tuple[Any, int, str, str | None]] = [
    (b"{", 400, "malformed_json", None),
    (b"", 400, "malformed_json", None),
    (b"\xff", 400, "malformed_json", None),
    (b"[]", 400, "invalid_type", None),
    (wire_item(variants=[]), 400, "invalid_value", "variants"),
    (wire_item(item_type="spoon"), 400, "invalid_value", "item_type"),
    (wire_item(colour="red"), 400, "unknown_field", "colour"),
    (wire_item("x" * 10_000), 400, "invalid_value", "item_id"),
    (wire_item("a\0b"), 400, "invalid_value", "item_id"),
    (wire_item("a b"), 400, "invalid_value", "item_id"),
    (wire_item(name={"english": "x"}), 400, "invalid_value", "name"),
    (wire_item(name={"en": "x\0"}), 400, "invalid_value", "name[...]"),
    (wire_item(description={"en": "x\0"}), 400, "invalid_value", "description[...]"),
    (wire_item(image_urls=["javascript:alert(1)"]), 400, "invalid_value", "image_urls[0]"),
    (wire_item(url="ftp://x"), 400, "invalid_value", "url"),
    (wire_item(source_version=-1), 400, "invalid_value", "source_version"),
    (wire_item(source_version=2**63), 400, "invalid_value", "source_version"),
    (wire_item(released_at="yesterday"), 400, "invalid_value", "released_at"),
    (wire_item(released_at="2026-01-01T00:00:00"), 400, "invalid_value", "released_at"),
    (wire_item(released_at="0001-01-01T00:00:00+14:00"), 400, "out_of_range", "released_at"),
    (wire_item(attributes={"a": 10**400}), 400, "out_of_range", "attributes.a"),
    (wire_item(attributes=[1]), 400, "invalid_type", "attributes"),
    (
        wire_item(variants=[{"sku": "s", "prices": [{"amount": "x", "currency": "GBP"}]}]),
        400,
        "invalid_value",
        "variants[0].prices[0].amount",
    ),
    (
        wire_item(variants=[{"sku": "s", "prices": [{"amount": -1, "currency": "GBP"}]}]),
        400,
        "out_of_range",
        "variants[0].prices[0].amount",
    ),
    (
        wire_item(variants=[{"sku": "s", "prices": [{"amount": "1e9999", "currency": "GBP"}]}]),
        400,
        "out_of_range",
        "variants[0].prices[0].amount",
    ),
    (
        wire_item(variants=[{"sku": "s", "prices": [{"amount": "1", "currency": "gbp"}]}]),
        400,
        "invalid_value",
        "variants[0].prices[0].currency",
    ),
    (
        wire_item(variants=[{"sku": "s", "stock": [{"on_hand": -1}]}]),
        400,
        "invalid_value",
        "variants[0].stock[0].on_hand",
    ),
    (
        wire_item(variants=[{"sku": "s", "stock": [{"on_hand": 1.5}]}]),
        400,
        "invalid_type",
        "variants[0].stock[0].on_hand",
    ),
    (wire_item(description={"en": "x" * 1_100_000}), 413, "too_large", None),
]


class TestBadBodies:
    @pytest.mark.parametrize(("body", "status", "code", "field"), BODIES)
    def test_are_named_and_nothing_is_written(
        self, server: Door, body: Any, status: int, code: str, field: str | None
    ) -> None:
        assert _problem(server.ask("POST", "/v1/items", body)) == (status, code, field)
        assert not Item.objects.exists()

    def test_the_address_must_name_the_item_of_the_body(self, server: Door) -> None:
        assert _problem(server.ask("PUT", "/v1/items/other", wire_item())) == (400, "id_mismatch", "item_id")
        assert not Item.objects.exists()

    def test_a_sku_of_another_item_is_a_conflict(self, server: Door) -> None:
        server.ask("POST", "/v1/items", wire_item("a"))

        refused = server.ask("POST", "/v1/items", wire_item("b", variants=[{"sku": "a-49"}]))

        assert _problem(refused) == (409, "sku_conflict", "variants[0].sku")
        assert Item.objects.get().item_id == "a"

    @pytest.mark.parametrize(
        ("path", "code", "field"),
        [
            ("/v1/items?limit=0", "bad_limit", "limit"),
            ("/v1/items?limit=501", "bad_limit", "limit"),
            ("/v1/items?limit=many", "invalid_type", "limit"),
            ("/v1/items?cursor=x", "bad_cursor", "cursor"),
            ("/v1/items?published=perhaps", "invalid_type", "published"),
            ("/v1/items?item_type=spoon", "invalid_value", "item_type"),
            ("/v1/items?category_id=%00", "invalid_value", "category_id"),
            ("/v1/items?page=2", "unknown_field", "page"),
            ("/v1/items/a%00b", "invalid_value", "item_id"),
            (f"/v1/items/{'x' * 10_000}", "invalid_value", "item_id"),
            ("/v1/stores?limit=0", "bad_limit", "limit"),
            ("/v1/categories?cursor=x", "bad_cursor", "cursor"),
        ],
    )
    def test_bad_questions(self, server: Door, path: str, code: str, field: str) -> None:
        assert _problem(server.ask("GET", path)) == (400, code, field)


class TestBulk:
    def test_accepts_a_job_and_reports_lines(self, server: Door, uk: str) -> None:
        body = json.dumps(wire_item("a")).encode() + b"\n{bad\n"

        accepted = server.ask("POST", "/v1/items/bulk", body)
        job = accepted.json()
        api.run_import(import_id=ImportJob.objects.get().import_id, now_fn=clock.now)
        status = server.ask("GET", accepted["Location"])
        report = server.ask("GET", f"{accepted['Location']}/errors")

        assert (accepted.status_code, job["state"], job["lines_total"]) == (202, "queued", 2)
        assert (status.json()["state"], status.json()["lines_done"], status.json()["lines_failed"]) == ("done", 1, 1)
        assert report["Content-Type"] == "application/x-ndjson"
        assert "attachment" in report["Content-Disposition"]
        assert json.loads(report.content)["line"] == 2

    def test_accepts_gzip_of_several_members(self, server: Door) -> None:
        members = [gzip.compress(json.dumps(wire_item(name)).encode() + b"\n") for name in "ab"]

        accepted = server.ask("POST", "/v1/items/bulk", b"".join(members), content_encoding="gzip")

        assert (accepted.status_code, accepted.json()["lines_total"]) == (202, 2)

    def test_refuses_a_small_body_that_unpacks_to_too_much(self, server: Door) -> None:
        bomb = gzip.compress(b" " * (MAX_IMPORT_BYTES + 1))

        assert _problem(server.ask("POST", "/v1/items/bulk", bomb, content_encoding="gzip")) == (413, "too_large", None)
        assert not ImportJob.objects.exists()

    @pytest.mark.parametrize(
        ("body", "encoding", "code"),
        [
            (b"not gzip", "gzip", "malformed_gzip"),
            (gzip.compress(b"{}")[:-4], "gzip", "malformed_gzip"),
            (b"{}", "br", "unknown_encoding"),
        ],
    )
    def test_refuses_what_it_cannot_unpack(self, server: Door, body: bytes, encoding: str, code: str) -> None:
        refused = server.ask("POST", "/v1/items/bulk", body, content_encoding=encoding)

        assert _problem(refused)[:2] == (400, code)
        assert not ImportJob.objects.exists()

    def test_of_another_site_is_not_found(self, server: Door, german_server: Door) -> None:
        location = server.ask("POST", "/v1/items/bulk", b"{}")["Location"]

        assert _problem(german_server.ask("GET", location)) == (404, "import_not_found", "import_id")
        assert _problem(german_server.ask("GET", f"{location}/errors")) == (404, "import_not_found", "import_id")


class TestEntries:
    def test_stock_takes_the_good_entries(self, server: Door, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(), now=NOON)
        entries = [
            {"sku": "aldgate-49", "on_hand": 1},
            {"sku": "aldgate-49", "on_hand": "many"},
            {"sku": "nobody", "on_hand": 1},
            7,
            {"sku": "aldgate-49", "on_hand": 1, "store_id": "a\0"},
        ]

        answer = server.ask("POST", "/v1/stock", {"stock": entries})

        assert answer.status_code == 200
        result = answer.json()
        assert (result["written"], result["unchanged"], result["refused"]) == (1, 0, 4)
        assert [(row["index"], row["status"], row.get("code"), row.get("field")) for row in result["results"]] == [
            (0, "updated", None, None),
            (1, "refused", "invalid_type", "on_hand"),
            (2, "refused", "sku_not_found", "sku"),
            (3, "refused", "invalid_type", None),
            (4, "refused", "invalid_value", "store_id"),
        ]

    def test_prices_take_the_good_entries(self, server: Door, uk: str) -> None:
        api.upsert_item(site_id=uk, item=item(), now=NOON)
        good = {"sku": "aldgate-49", "prices": [{"amount": "9", "currency": "GBP"}]}
        reversed_ = {"valid_from": "2026-02-01T00:00:00Z", "valid_until": "2026-01-01T00:00:00Z"}
        bad = {"sku": "aldgate-49", "prices": [{"amount": "9", "currency": "GBP"} | reversed_]}

        result = server.ask("POST", "/v1/prices", {"prices": [good, bad]}).json()

        assert [(row["status"], row.get("field")) for row in result["results"]] == [
            ("updated", None),
            ("refused", "prices[0].valid_until"),
        ]

    def test_stores_and_categories_are_written_and_listed(self, server: Door) -> None:
        store = {"store_id": "leeds", "name": "Leeds"}
        category = {"category_id": "frames", "name": {"en": "Frames"}}

        server.ask("POST", "/v1/stores", {"stores": [store, {"store_id": "x"}]})
        server.ask("POST", "/v1/categories", {"categories": [category]})

        assert [row["store_id"] for row in server.ask("GET", "/v1/stores").json()["items"]] == ["leeds"]
        assert [row["category_id"] for row in server.ask("GET", "/v1/categories").json()["items"]] == ["frames"]

    @pytest.mark.parametrize("name", ["stock", "prices", "stores", "categories"])
    @pytest.mark.parametrize("body", [{}, [], {"entries": []}])
    def test_a_wrong_envelope_is_a_problem(self, server: Door, name: str, body: Any) -> None:
        assert _problem(server.ask("POST", f"/v1/{name}", body))[0] == 400
        assert not Store.objects.exists()
        assert not Category.objects.exists()

    def test_too_many_entries_are_refused_whole(self, server: Door) -> None:
        stores = [{"store_id": f"s{number}", "name": "S"} for number in range(5_001)]

        assert _problem(server.ask("POST", "/v1/stores", {"stores": stores})) == (400, "invalid_value", "stores")
        assert not Store.objects.exists()


class TestDocument:
    def test_names_every_operation(self, db: None, client: Any) -> None:
        paths = client.get("/v1/openapi.json").json()["paths"]

        operations = {entry["operationId"] for path in paths.values() for entry in path.values()}
        assert operations >= {
            "listItems",
            "upsertItem",
            "getItem",
            "putItem",
            "deleteItem",
            "importItems",
            "getImport",
            "getImportErrors",
            "updateStock",
            "updatePrices",
            "listStores",
            "upsertStores",
            "listCategories",
            "upsertCategories",
        }
