"""Starting, resuming and reading import jobs; the command."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.catalog import api
from apps.catalog.models import ImportJob, Item
from apps.catalog.services import imports
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
