"""Bulk imports: what is taken, what is reported, and what a killed runner leaves behind."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.catalog import api, tasks
from apps.catalog.models import ImportJob, Item
from apps.catalog.services import imports
from apps.catalog.services import items as item_services
from specrec.kernel import blobs, jobs
from specrec.kernel.errors import NotFound, TooLarge
from tests.apps.catalog.builders import NOON, wire_item


def _lines(entries: Iterable[dict[str, Any] | bytes]) -> bytes:
    return b"\n".join(entry if isinstance(entry, bytes) else json.dumps(entry).encode() for entry in entries)


def _start(site_id: str, data: bytes) -> Any:
    return api.start_import(site_id=site_id, data=data, now=NOON, background=False).import_id


def _clock(moment: datetime = NOON) -> Any:
    return lambda: moment


def _errors(site_id: str, import_id: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in api.get_import_errors(site_id=site_id, import_id=import_id).splitlines()]


class Killed(BaseException):
    """Stands for `kill -9`: nothing catches it, nothing is tidied up."""


class TestRunImport:
    def test_applies_the_good_lines_and_reports_the_others(self, uk: str) -> None:
        long_line = json.dumps(wire_item("long", description={"en": "x" * 1_048_576})).encode()
        import_id = _start(
            uk,
            _lines(
                [
                    b"\xef\xbb\xbf" + json.dumps(wire_item("a")).encode(),
                    b"",
                    b"{nonsense",
                    b'{"item_id": "\xff"}',
                    wire_item("b\0"),
                    wire_item("x" * 10_000),
                    wire_item("d", colour="red"),
                    long_line,
                    wire_item("e", item_type="frame", attributes={"shape": "blob"}),
                    wire_item("f", variants=[{"sku": "f", "prices": [{"amount": "1", "currency": "pounds"}]}]),
                    wire_item("g", variants=[{"sku": "a-49"}]),
                    wire_item("h"),
                ]
            ),
        )

        assert api.run_import(import_id=import_id, now_fn=_clock()) is True

        status = api.get_import(site_id=uk, import_id=import_id)
        assert (status.state, status.lines_total, status.lines_done, status.lines_failed) == ("done", 11, 2, 9)
        assert status.finished_at == NOON
        assert [
            (error["line"], error["item_id"] and error["item_id"][:4], error["code"], error["field"])
            for error in _errors(uk, import_id)
        ] == [
            (3, None, "malformed_json", None),
            (4, None, "malformed_json", None),
            (5, "b\0", "invalid_value", "item_id"),
            (6, "xxxx", "invalid_value", "item_id"),
            (7, "d", "unknown_field", "colour"),
            (8, None, "too_large", None),
            (9, "e", "invalid_value", "attributes.shape"),
            (10, "f", "invalid_value", "variants[0].prices[0].currency"),
            (11, "g", "sku_conflict", "variants[0].sku"),
        ]
        assert sorted(Item.objects.values_list("item_id", flat=True)) == ["a", "h"]

    def test_again_changes_nothing(self, uk: str) -> None:
        data = _lines(wire_item(f"i{number}") for number in range(3))
        api.run_import(import_id=_start(uk, data), now_fn=_clock())
        stamp = api.get_stamp(site_id=uk)

        import_id = _start(uk, data)
        api.run_import(import_id=import_id, now_fn=_clock())

        assert api.get_import(site_id=uk, import_id=import_id).lines_done == 3
        assert api.get_stamp(site_id=uk) == stamp

    def test_finished_has_nothing_to_do(self, uk: str) -> None:
        import_id = _start(uk, _lines([wire_item()]))

        assert api.run_import(import_id=import_id, now_fn=_clock()) is True
        assert api.run_import(import_id=import_id, now_fn=_clock()) is False
        assert api.get_import(site_id=uk, import_id=import_id).lines_done == 1

    def test_unknown_has_nothing_to_do(self, db: None) -> None:
        assert api.run_import(import_id=uuid4(), now_fn=_clock()) is False

    def test_is_left_alone_while_another_runner_is_alive(self, uk: str) -> None:
        import_id = _start(uk, _lines([wire_item()]))
        ImportJob.objects.filter(import_id=import_id).update(
            state="running", lease=uuid4(), heartbeat_at=NOON - timedelta(seconds=50)
        )

        assert api.run_import(import_id=import_id, now_fn=_clock()) is False
        assert not Item.objects.exists()

    def test_goes_on_where_a_killed_runner_stopped(self, uk: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(imports, "BATCH_LINES", 2)
        entries: list[dict[str, Any] | bytes] = [wire_item("a"), b"{bad", wire_item("b"), b"{bad", wire_item("c")]
        import_id = _start(uk, _lines(entries))

        def die(status: Any) -> None:
            if status.lines_done + status.lines_failed == 4:
                raise Killed

        with pytest.raises(Killed):
            api.run_import(import_id=import_id, now_fn=_clock(), on_progress=die)
        halfway = api.get_import(site_id=uk, import_id=import_id)
        assert (halfway.state, halfway.lines_done, halfway.lines_failed) == ("running", 2, 2)
        assert [error["line"] for error in _errors(uk, import_id)] == [2, 4]
        stamp = api.get_stamp(site_id=uk)

        later = _clock(NOON + timedelta(seconds=61))
        assert api.run_import(import_id=import_id, now_fn=later) is True

        status = api.get_import(site_id=uk, import_id=import_id)
        assert (status.state, status.lines_done, status.lines_failed) == ("done", 3, 2)
        assert [error["line"] for error in _errors(uk, import_id)] == [2, 4]
        assert api.get_stamp(site_id=uk) == stamp + 1

    def test_rolls_a_batch_back_when_the_lease_is_lost(
        self, committed_uk: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import_id = _start(committed_uk, _lines([wire_item()]))
        write = item_services.upsert_items

        def overtaken(**given: Any) -> Any:
            outcomes = write(**given)
            ImportJob.objects.filter(import_id=import_id).update(lease=uuid4())
            return outcomes

        monkeypatch.setattr(item_services, "upsert_items", overtaken)

        assert api.run_import(import_id=import_id, now_fn=_clock()) is False
        assert not Item.objects.exists()
        assert api.get_stamp(site_id=committed_uk) == 0

    def test_is_given_up_after_five_attempts_without_progress(self, uk: str, monkeypatch: pytest.MonkeyPatch) -> None:
        import_id = _start(uk, _lines([wire_item()]))

        def fail(**_: Any) -> Any:
            raise Killed

        monkeypatch.setattr(item_services, "upsert_items", fail)
        for attempt in range(5):
            with pytest.raises(Killed):
                api.run_import(import_id=import_id, now_fn=_clock(NOON + timedelta(minutes=2 * attempt)))

        assert api.run_import(import_id=import_id, now_fn=_clock(NOON + timedelta(minutes=20))) is False
        status = api.get_import(site_id=uk, import_id=import_id)
        assert (status.state, status.finished_at) == ("failed", NOON + timedelta(minutes=20))
        assert "no progress" in status.message

    def test_by_its_task_accepts_unknown_keywords(self, uk: str) -> None:
        import_id = _start(uk, _lines([wire_item()]))

        tasks.run_import(import_id=str(import_id), added_later=True)

        assert api.get_import(site_id=uk, import_id=import_id).state == "done"


class TestStartImport:
    @pytest.mark.parametrize("data", [b"", b"\n\n  \n", b"\xef\xbb\xbf"])
    def test_of_an_empty_file_is_done_at_once(self, uk: str, data: bytes) -> None:
        status = api.start_import(site_id=uk, data=data, now=NOON)

        assert (status.state, status.lines_total, status.finished_at) == ("done", 0, NOON)
        assert "no lines" in status.message
        assert api.get_import_errors(site_id=uk, import_id=status.import_id) == b""

    def test_refuses_more_than_it_may_hold(self, uk: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(imports, "MAX_IMPORT_BYTES", 10)

        with pytest.raises(TooLarge):
            api.start_import(site_id=uk, data=b"x" * 11, now=NOON)

        assert not ImportJob.objects.exists()

    def test_refuses_an_unknown_site(self, db: None) -> None:
        with pytest.raises(NotFound):
            api.start_import(site_id="nowhere", data=b"{}", now=NOON)

    def test_tells_a_worker_after_commit(self, uk: str, monkeypatch: pytest.MonkeyPatch) -> None:
        told: list[tuple[str, dict[str, Any]]] = []
        monkeypatch.setattr(jobs, "enqueue", lambda name, **kwargs: told.append((name, kwargs)))

        status = api.start_import(site_id=uk, data=_lines([wire_item()]), now=NOON)

        assert told == [("catalog.run_import", {"import_id": str(status.import_id)})]
        assert status.state == "queued"


class TestResumeImports:
    def test_tells_a_worker_about_jobs_that_nobody_works_on(self, uk: str, monkeypatch: pytest.MonkeyPatch) -> None:
        told: list[str] = []
        monkeypatch.setattr(jobs, "enqueue", lambda name, import_id: told.append(import_id))
        stale, alive, lost, done = (_start(uk, _lines([wire_item()])) for _ in range(4))
        row = ImportJob.objects
        row.filter(import_id=stale).update(state="running", heartbeat_at=NOON)
        row.filter(import_id=alive).update(state="running", heartbeat_at=NOON + timedelta(seconds=60))
        row.filter(import_id=done).update(state="done")

        found = api.resume_imports(now=NOON + timedelta(seconds=61))

        assert set(found) == {stale, lost}
        assert set(told) == {str(stale), str(lost)}

    def test_leaves_fresh_jobs_to_their_message(self, uk: str) -> None:
        _start(uk, _lines([wire_item()]))

        assert api.resume_imports(now=NOON + timedelta(seconds=5)) == []


class TestGetImport:
    def test_of_another_site_is_not_found(self, uk: str, de: str) -> None:
        import_id = _start(uk, _lines([wire_item()]))

        with pytest.raises(NotFound):
            api.get_import(site_id=de, import_id=import_id)
        with pytest.raises(NotFound):
            api.get_import_errors(site_id=de, import_id=import_id)


class TestImportItemsCommand:
    def test_imports_a_file(self, uk: str, tmp_path: Path) -> None:
        file = tmp_path / "items.jsonl"
        file.write_bytes(_lines([wire_item("a"), wire_item("b")]))
        out = StringIO()

        call_command("import_items", uk, str(file), stdout=out, verbosity=0)

        assert out.getvalue() == "2 lines applied, 0 refused. All lines were applied.\n"
        assert Item.objects.count() == 2

    def test_shows_refused_lines_and_fails(self, uk: str, tmp_path: Path) -> None:
        file = tmp_path / "items.jsonl"
        file.write_bytes(_lines([wire_item("a"), b"{bad"]))
        errors = StringIO()

        with pytest.raises(CommandError, match="1 lines were refused"):
            call_command("import_items", uk, str(file), stdout=StringIO(), stderr=errors, verbosity=0)

        assert json.loads(errors.getvalue())["line"] == 2
        assert Item.objects.count() == 1

    def test_names_a_file_that_is_not_there_and_a_site_that_is_not(self, uk: str, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="No such file"):
            call_command("import_items", uk, str(tmp_path / "none"))
        (tmp_path / "empty").write_bytes(b"")
        with pytest.raises(CommandError, match="no site nowhere"):
            call_command("import_items", "nowhere", str(tmp_path / "empty"))


class TestBlobsOfAnImport:
    def test_only_the_report_is_kept(self, uk: str) -> None:
        import_id = _start(uk, _lines([wire_item(), b"{bad"]))
        api.run_import(import_id=import_id, now_fn=_clock())

        assert blobs.exists(f"imports/{import_id}/errors.jsonl")
        assert not blobs.exists(f"imports/{import_id}/data.jsonl")
        assert not blobs.exists(f"imports/{import_id}/parts")
