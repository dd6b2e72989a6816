"""A period as a Parquet file: whole or not at all, typed, of bounded memory."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from django.core.management import CommandError, call_command
from pyarrow import parquet

from apps.tracking import api
from apps.tracking.contracts import Export, TrackedEvent
from apps.tracking.selectors import clocks, periods
from apps.tracking.services import export as exporting
from specrec.kernel.errors import Conflict, Invalid, NotFound, Unavailable
from specrec.kernel.ids import shopper_id
from tests.apps.tracking.scene import NOW, drain_all, open_site
from tests.apps.tracking.told import append, tracked

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = NOW.date()
ADA = shopper_id("uk", "anonymous", "ada")


@pytest.fixture(autouse=True)
def _site(transactional_db: None) -> None:
    open_site()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.parquet"


def put(*changes: dict[str, Any]) -> list[TrackedEvent]:
    events = [tracked(**change) for change in changes]
    append(*events)
    drain_all()
    return events


def export(path: Path, **changes: Any) -> int:
    given: dict[str, Any] = {"site_id": "uk", "since": TODAY, "until": TODAY, "path": path} | changes
    return api.export_events(export=Export(**given), progress=bool)


def rows(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return found


class TestExportEvents:
    def test_what_went_in_comes_out(self, path: Path) -> None:
        (told,) = put(
            {
                "type": "purchase",
                "shopper_id": ADA,
                "session_id": "visit-1",
                "sku": "frame-1-black",
                "quantity": 2,
                "unit_price": Decimal("129.9500"),
                "currency": "GBP",
                "order_id": "o-1",
                "rating": 4.5,
                "placement": "home",
                "position": 3,
                "recommendation_id": ADA,
                "store_id": "london-01",
                "query": "round",
                "historical": True,
                "replay": True,
                "device": "mobile",
                "referrer": "search",
                "campaign": "summer",
            }
        )
        assert export(path, with_queries=True) == 1
        (row,) = rows(path)
        wanted = {name: getattr(told, name) for name in TrackedEvent.__struct_fields__}
        wanted |= {name: str(wanted[name]) for name in ("event_id", "shopper_id", "recommendation_id")}
        assert row == wanted

    def test_what_is_absent_is_null(self, path: Path) -> None:
        put({})
        export(path)
        (row,) = rows(path)
        assert (row["shopper_id"], row["unit_price"], row["placement"]) == (None, None, None)

    def test_columns_are_typed(self, path: Path) -> None:
        put({})
        export(path)
        schema = parquet.read_schema(path)
        assert schema.field("time").type == pa.timestamp("us", tz="UTC")
        assert schema.field("unit_price").type == pa.decimal128(12, 4)
        assert (schema.field("day").type, schema.field("quantity").type) == (pa.date32(), pa.int32())

    def test_queries_are_left_out_unless_asked_for(self, path: Path) -> None:
        put({"type": "search", "query": "my name is Ada"})
        export(path)
        assert "query" not in parquet.read_schema(path).names
        assert b"my name is Ada" not in path.read_bytes()

    def test_the_period_has_both_its_days_and_no_other(self, path: Path) -> None:
        start = datetime(2026, 11, 20, tzinfo=UTC)
        put(*[{"time": start + timedelta(hours=hours), "item_id": f"h{hours}"} for hours in (-1, 0, 47, 48)])
        export(path, since=date(2026, 11, 20), until=date(2026, 11, 21))
        assert [row["item_id"] for row in rows(path)] == ["h0", "h47"]

    def test_the_day_is_that_of_the_corrected_time(self, path: Path) -> None:
        put({"day": (NOW - clocks.MAX_CORRECTION).date()})
        assert export(path) == 1

    def test_events_are_in_order_of_time(self, path: Path) -> None:
        put(*[{"time": NOW - timedelta(minutes=number % 3)} for number in range(9)])
        export(path)
        told = [(row["time"], row["event_id"]) for row in rows(path)]
        assert told == sorted(told)

    def test_other_sites_are_left_out(self, path: Path) -> None:
        put({}, {"site_id": "de"})
        assert export(path) == 1

    def test_nothing_is_a_file_without_rows(self, path: Path) -> None:
        assert (export(path), rows(path)) == (0, [])

    def test_row_groups_are_bounded_and_compressed(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(periods, "_STEP", 2)
        put(*[{}] * 5)
        told: list[int] = []
        api.export_events(export=Export("uk", TODAY, TODAY, path), progress=told.append)
        facts = parquet.ParquetFile(path).metadata
        groups = [facts.row_group(number) for number in range(facts.num_row_groups)]
        assert ([group.num_rows for group in groups], told) == ([2, 2, 1], [2, 2, 1])
        assert groups[0].column(0).compression == "ZSTD"

    def test_a_file_that_is_there_is_kept(self, path: Path) -> None:
        path.write_text("mine")
        with pytest.raises(Conflict):
            export(path)
        assert path.read_text() == "mine"
        assert export(path, overwrite=True) == 0

    def test_an_export_that_fails_leaves_what_was_there(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        put({})
        path.write_text("mine")

        def fail(_count: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            api.export_events(export=Export("uk", TODAY, TODAY, path, overwrite=True), progress=fail)
        assert ([one.name for one in path.parent.iterdir()], path.read_text()) == (["events.parquet"], "mine")

    def test_a_period_that_ends_before_it_begins_is_refused(self, path: Path) -> None:
        with pytest.raises(Invalid):
            export(path, until=TODAY - timedelta(days=1))

    def test_a_folder_that_is_not_there_is_told(self, path: Path) -> None:
        with pytest.raises(Invalid, match="There is no folder"):
            export(path.parent / "nowhere" / "events.parquet")

    def test_an_unknown_site_is_told(self, path: Path) -> None:
        with pytest.raises(NotFound):
            export(path, site_id="nowhere")

    def test_without_pyarrow_it_says_how_to_get_it(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(exporting, "pa", None)
        with pytest.raises(Unavailable, match="extra `export`"):
            export(path)


class TestCommand:
    def test_it_writes_the_file_and_says_so(self, path: Path) -> None:
        put({}, {})
        out = StringIO()
        words = ["uk", "--since", str(TODAY), "--until", str(TODAY), "--out", str(path)]
        call_command("export_events", *words, stdout=out)
        assert (out.getvalue(), len(rows(path))) == (f"2 events in {path}\n", 2)
        with pytest.raises(CommandError, match="is there already"):
            call_command("export_events", *words, stdout=out)
        call_command("export_events", *words, "--force", "--with-queries", stdout=out)
        assert "query" in parquet.read_schema(path).names
