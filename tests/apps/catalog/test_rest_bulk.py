"""Bulk imports and lists of small writes over HTTP."""

import gzip
import json
from typing import Any

import pytest

from apps.catalog import api
from apps.catalog.contracts import MAX_IMPORT_BYTES
from apps.catalog.models import Category, ImportJob, Store
from specrec.kernel import clock, jobs
from tests.apps.catalog.builders import NOON, item, problem_of, wire_item
from tests.apps.catalog.conftest import Door


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "enqueue", lambda *_args, **_kwargs: None)


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

    @pytest.mark.parametrize("body", [b"", b" \n\r\n", b"\xef\xbb\xbf\n"])
    @pytest.mark.parametrize("packed", [False, True])
    def test_refuses_a_body_without_lines(self, server: Door, body: bytes, packed: bool) -> None:  # noqa: FBT001 - a case
        sent = gzip.compress(body) if packed else body

        refused = server.ask("POST", "/v1/items/bulk", sent, content_encoding="gzip" if packed else "identity")

        assert problem_of(refused) == (400, "empty_body", None)
        assert not ImportJob.objects.exists()

    def test_refuses_a_small_body_that_unpacks_to_too_much(self, server: Door) -> None:
        bomb = gzip.compress(b" " * (MAX_IMPORT_BYTES + 1))

        assert problem_of(server.ask("POST", "/v1/items/bulk", bomb, content_encoding="gzip")) == (
            413,
            "too_large",
            None,
        )
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

        assert problem_of(refused)[:2] == (400, code)
        assert not ImportJob.objects.exists()

    def test_of_another_site_is_not_found(self, server: Door, german_server: Door) -> None:
        location = server.ask("POST", "/v1/items/bulk", b"{}")["Location"]

        assert problem_of(german_server.ask("GET", location)) == (404, "import_not_found", "import_id")
        assert problem_of(german_server.ask("GET", f"{location}/errors")) == (404, "import_not_found", "import_id")


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
        assert problem_of(server.ask("POST", f"/v1/{name}", body))[0] == 400
        assert not Store.objects.exists()
        assert not Category.objects.exists()

    def test_too_many_entries_are_refused_whole(self, server: Door) -> None:
        stores = [{"store_id": f"s{number}", "name": "S"} for number in range(5_001)]

        assert problem_of(server.ask("POST", "/v1/stores", {"stores": stores})) == (400, "invalid_value", "stores")
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
