"""Bases: columns in files, which say what columns in memory say."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from apps.catalog import api
from apps.catalog.columns import refresh
from apps.catalog.columns.bases import current_base, open_base
from apps.catalog.columns.lay import ground_of
from apps.catalog.columns.load import load_columns
from apps.catalog.columns.tables import IndexedRows, Texts, make_index
from apps.catalog.contracts import ItemColumns, StockInput, StockUpdate, StoreInput
from apps.catalog.models import CatalogChange
from specrec.kernel.errors import NotFound
from tests.apps.catalog.builders import NOON, item, price, variant
from tests.apps.catalog.told import told

HOUR = timedelta(hours=1)


@pytest.fixture
def mapped(uk: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A site of which even a small catalogue has a base."""
    monkeypatch.setattr(refresh, "MAPPED_FROM", 0)
    return uk


def _fill(site_id: str) -> None:
    leeds = [StockInput(on_hand=1, store_id="leeds")]
    prices = [price("9", compare_at=None), price("7", store_id="leeds")]
    items = [
        item("a", item_type="frame", attributes={"shape": "round", "tags": ["é", "b"]}, category_ids=["x", "y"]),
        item("b", name={"de-DE": "Brille", "en-GB": "Ö"}, brand="Lux", attributes={"n": 2, "is": False}),
        item("B", variants=[variant("B1", prices=prices, stock=leeds), variant("B2")], url="/b", published=False),
    ]
    assert all(hasattr(o, "status") for o in api.upsert_items(site_id=site_id, items=items, now=NOON))
    api.upsert_stores(site_id=site_id, stores=[StoreInput(store_id="leeds", name="Leeds")], now=NOON)


def _memory(site_id: str) -> ItemColumns:
    return load_columns(site_id=site_id, currency="GBP", locale="en-GB", now=NOON)


def _folder(site_id: str) -> Path:
    return Path(settings.BLOBS_DIR) / "columns" / site_id / str(current_base(site_id))


class TestOpenColumns:
    def test_of_a_small_catalogue_have_no_base(self, uk: str) -> None:
        _fill(uk)

        assert isinstance(api.open_columns(site_id=uk, now=NOON).item_ids, list)
        assert current_base(uk) is None

    def test_of_a_large_one_say_the_same_from_files(self, mapped: str) -> None:
        _fill(mapped)

        columns = api.open_columns(site_id=mapped, now=NOON)

        assert isinstance(columns.item_ids, Texts)
        assert told(columns) == told(_memory(mapped))
        assert (list(columns.item_ids), list(columns.row_of)) == (["B", "a", "b"], ["B", "a", "b"])
        assert columns.rows_of(["b", "?", "B"]).tolist() == [2, -1, 0]
        assert (columns.image_urls[0], columns.urls[:2], columns.attributes[1]["tags"]) == (
            None,
            ["/b", None],
            ["é", "b"],
        )

    def test_have_the_types_of_those_in_memory(self, mapped: str) -> None:
        _fill(mapped)
        columns, memory = api.open_columns(site_id=mapped, now=NOON), _memory(mapped)

        for name in ItemColumns.__dataclass_fields__:
            given, expected = getattr(columns, name), getattr(memory, name)
            if isinstance(expected, np.ndarray):
                assert (name, given.dtype, given.shape) == (name, expected.dtype, expected.shape)
                assert type(given) is np.ndarray
                assert not given.flags.writeable or not given.size

    def test_of_nothing(self, mapped: str) -> None:
        columns = api.open_columns(site_id=mapped, now=NOON)

        assert (len(columns.item_ids), columns.row_of.get("a"), columns.stamp) == (0, None, 0)
        assert told(columns) == told(_memory(mapped))

    def test_of_an_unknown_site(self, db: None) -> None:
        with pytest.raises(NotFound):
            api.open_columns(site_id="nowhere", now=NOON)

    def test_take_the_base_that_is_there_with_what_changed_since(self, mapped: str) -> None:
        _fill(mapped)
        first = api.open_columns(site_id=mapped, now=NOON)
        api.update_stock(site_id=mapped, updates=[StockUpdate(sku="a-49", on_hand=0)], now=NOON)

        second = api.open_columns(site_id=mapped, now=NOON)

        assert (ground_of(second).folder, second.fresh_rows.tolist()) == (ground_of(first).folder, [1])
        assert second.base_id != first.base_id
        assert told(second) == told(_memory(mapped))

    def test_make_another_base_where_the_log_was_trimmed(self, mapped: str) -> None:
        _fill(mapped)
        first = api.open_columns(site_id=mapped, now=NOON)
        api.upsert_item(site_id=mapped, item=item("c"), now=NOON)
        CatalogChange.objects.all().delete()

        second = api.open_columns(site_id=mapped, now=NOON)

        assert ground_of(second).folder != ground_of(first).folder
        assert told(second) == told(_memory(mapped))

    @pytest.mark.parametrize("harm", ["change", "shorten", "remove", "manifest", "pointer"])
    def test_trust_no_base_that_is_not_what_was_written(
        self, mapped: str, harm: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        _fill(mapped)
        api.open_columns(site_id=mapped, now=NOON)
        folder, broken = _folder(mapped), current_base(mapped)
        file = folder / "price.npy"
        data = file.read_bytes()
        if harm == "change":
            file.write_bytes(data[:-1] + b"\x01")
        elif harm == "shorten":
            file.write_bytes(data[:-1])
        elif harm == "remove":
            file.unlink()
        elif harm == "manifest":
            (folder / "manifest.json").write_text("{}", encoding="utf-8")
        else:
            (folder.parent / "current").write_text("nothing", encoding="utf-8")

        columns = api.open_columns(site_id=mapped, now=NOON)

        assert "goes on without its base" in caplog.text
        assert ground_of(columns).folder != broken
        assert told(columns) == told(_memory(mapped))

    def test_are_proved_once(self, mapped: str, monkeypatch: pytest.MonkeyPatch) -> None:
        _fill(mapped)
        api.open_columns(site_id=mapped, now=NOON)
        monkeypatch.setattr("apps.catalog.columns.manifest.digest_of", lambda _: pytest.fail("read again"))

        assert open_base(mapped) is not None


class TestRefreshColumns:
    def test_of_a_base_follow_what_changes(self, mapped: str) -> None:
        _fill(mapped)
        held = api.open_columns(site_id=mapped, now=NOON)
        api.upsert_items(site_id=mapped, items=[item("b", name={"fr": "B"}), item("c")], now=NOON)
        api.delete_item(site_id=mapped, item_id="a", now=NOON)

        fresh = api.refresh_columns(columns=held, now=NOON)

        assert fresh.base_id == held.base_id
        assert (list(fresh.row_of), fresh.rows_of(["a", "c"]).tolist()) == (["B", "b", "c"], [-1, 3])
        found, expected = told(fresh), told(_memory(mapped))
        assert found["items"] == expected["items"]
        assert {name: said for name, said in found["attributes"].items() if said} == expected["attributes"]

    def test_read_many_changes_in_parts(self, mapped: str, monkeypatch: pytest.MonkeyPatch) -> None:
        _fill(mapped)
        held = api.open_columns(site_id=mapped, now=NOON)
        monkeypatch.setattr(refresh, "PART", 2)
        api.upsert_items(site_id=mapped, items=[item(name) for name in "aceg"], now=NOON)
        api.delete_item(site_id=mapped, item_id="b", now=NOON)

        fresh = api.refresh_columns(columns=held, now=NOON)

        assert fresh.moved_rows.tolist() == [1, 2, 3, 4, 5]
        assert told(fresh)["items"] == told(_memory(mapped))["items"]

    def test_of_a_worn_base_ask_for_another_and_then_take_it(
        self, mapped: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _fill(mapped)
        asked: list[Any] = []
        monkeypatch.setattr("specrec.kernel.jobs.enqueue", lambda name, **given: asked.append((name, given)))
        monkeypatch.setattr(refresh, "FEW", 0)
        monkeypatch.setattr(refresh, "_asked", {})
        held = api.open_columns(site_id=mapped, now=NOON)
        stamped, made = [], ""
        for number in range(4):
            api.update_stock(site_id=mapped, updates=[StockUpdate(sku="a-49", on_hand=9 + number)], now=NOON)
            held = api.refresh_columns(columns=held, now=NOON)
            stamped.append(ground_of(held).folder)
            if number == 2:
                made = api.build_columns(site_id=mapped, now=NOON)

        assert asked == [("catalog.build_columns", {"site_id": mapped})]
        assert (len(set(stamped[:3])), stamped[3]) == (1, made)
        assert held.stamp == api.get_stamp(site_id=mapped)


class TestBuildColumns:
    def test_writes_parts_as_one(self, mapped: str, monkeypatch: pytest.MonkeyPatch) -> None:
        _fill(mapped)
        monkeypatch.setattr("apps.catalog.columns.build.PART", 1)

        assert told(api.open_columns(site_id=mapped, now=NOON)) == told(_memory(mapped))

    def test_keeps_the_base_before_and_no_older_one(self, mapped: str) -> None:
        _fill(mapped)
        ids = [api.build_columns(site_id=mapped, now=NOON) for _ in range(3)]

        kept = {path.name for path in _folder(mapped).parent.iterdir()}

        assert kept == {"current", *ids[1:]}
        assert current_base(mapped) == ids[2]

    def test_is_a_command(self, mapped: str, capsys: pytest.CaptureFixture[str]) -> None:
        _fill(mapped)

        call_command("build_columns", mapped)

        assert str(current_base(mapped)) in capsys.readouterr().out

    def test_is_done_by_one_of_those_who_ask_at_once(self, committed_uk: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(refresh, "MAPPED_FROM", 0)
        _fill(committed_uk)
        found = []

        def ask() -> None:
            found.append(api.open_columns(site_id=committed_uk, now=NOON))
            connection.close()

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)

        assert [ground_of(columns).folder for columns in found] == [current_base(committed_uk)] * 3
        assert len(list(_folder(committed_uk).parent.iterdir())) == 2

    def test_leaves_nothing_when_it_fails(self, mapped: str, monkeypatch: pytest.MonkeyPatch) -> None:
        _fill(mapped)
        before = api.build_columns(site_id=mapped, now=NOON)

        def fail(*_: object) -> None:
            raise OSError("the disk is full")

        monkeypatch.setattr("apps.catalog.columns.write.write_manifest", fail)

        with pytest.raises(OSError, match="full"):
            api.build_columns(site_id=mapped, now=NOON)

        assert {path.name for path in _folder(mapped).parent.iterdir()} == {"current", before}


class TestLoadColumns:
    def test_of_a_base_have_one_row_an_item_in_the_order_of_ids(self, mapped: str) -> None:
        _fill(mapped)
        api.open_columns(site_id=mapped, now=NOON)
        api.upsert_items(
            site_id=mapped, items=[item("aa"), item("a", variants=[variant("a1"), variant("a2")])], now=NOON
        )
        api.delete_item(site_id=mapped, item_id="b", now=NOON)

        columns = api.load_columns(site_id=mapped, now=NOON)

        assert columns.item_ids == ["B", "a", "aa"]
        assert columns.row_of == {"B": 0, "a": 1, "aa": 2}
        assert columns.skus == ["B1", "B2", "a1", "a2", "aa-49"]
        assert told(columns) == told(_memory(mapped))

    def test_are_those_of_the_base_where_nothing_changed(self, mapped: str) -> None:
        _fill(mapped)
        api.open_columns(site_id=mapped, now=NOON)

        assert isinstance(api.load_columns(site_id=mapped, now=NOON).item_ids, Texts)


class TestTrimChanges:
    def test_keeps_what_a_base_does_not_cover(self, mapped: str) -> None:
        _fill(mapped)
        stamp = api.open_columns(site_id=mapped, now=NOON).stamp
        api.upsert_item(site_id=mapped, item=item("c"), now=NOON)
        CatalogChange.objects.update(changed_at=NOON)

        assert api.trim_changes(now=NOON + HOUR) == 0
        assert api.trim_changes(now=NOON + 1.01 * HOUR) == stamp
        assert list(CatalogChange.objects.values_list("stamp", flat=True)) == [stamp + 1]

    def test_keeps_a_day_where_there_is_no_base(self, uk: str) -> None:
        _fill(uk)
        CatalogChange.objects.update(changed_at=NOON)

        assert api.trim_changes(now=NOON + 24 * HOUR) == 0
        assert api.trim_changes(now=NOON + 25 * HOUR) == 2


class TestMakeIndex:
    @pytest.mark.parametrize("count", [0, 1, 2, 1_000])
    def test_finds_every_id_and_no_other(self, count: int) -> None:
        ids = [f"item-{number}".encode() for number in range(count)]
        offsets = np.cumsum([0, *map(len, ids)]).astype(np.int64)
        rows = IndexedRows(Texts(offsets, np.frombuffer(b"".join(ids), dtype=np.uint8)), make_index(ids))

        assert [rows[key.decode()] for key in ids] == list(range(count))
        assert [rows.get(f"item-{number}") for number in range(count, count + 100)] == [None] * 100
        with pytest.raises(KeyError):
            rows["item"]
