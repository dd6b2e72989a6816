"""How imports are cut into transactions, and what a runner may still write once it has lost its lease."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from apps.catalog import api
from apps.catalog.models import ImportJob
from apps.catalog.services import batches
from specrec.kernel import blobs
from tests.apps.catalog.builders import NOON, wire_item


def _start(site_id: str, *entries: bytes) -> Any:
    return api.start_import(site_id=site_id, data=b"\n".join(entries), now=NOON, background=False).import_id


def _good(name: str) -> bytes:
    return json.dumps(wire_item(name)).encode()


def _ticking(step: timedelta) -> Any:
    def times() -> Iterator[datetime]:
        moment = NOON
        while True:
            yield moment
            moment += step

    moments = times()
    return lambda: next(moments)


class Killed(BaseException):
    """Stands for `kill -9`: nothing catches it, nothing is tidied up."""


class TestPace:
    def test_shrinks_to_what_fits_the_budget(self) -> None:
        pace = batches.Pace()

        pace.note(32_768, 4 * batches.BUDGET)

        assert pace.bytes == 8_192

    def test_grows_twofold_at_most(self) -> None:
        pace = batches.Pace()

        pace.note(32_768, batches.BUDGET / 100)

        assert pace.bytes == 65_536

    @pytest.mark.parametrize(("took", "reached"), [(timedelta(0), 524_288), (timedelta(seconds=60), 4_096)])
    def test_stays_within_bounds(self, took: timedelta, reached: int) -> None:
        pace = batches.Pace()

        for _ in range(20):
            pace.note(pace.bytes, took)

        assert pace.bytes == reached


class TestTransactions:
    def test_are_smaller_where_writing_is_slow(self, uk: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(batches, "FIRST_BYTES", 1_600)
        monkeypatch.setattr(batches, "MIN_BYTES", 400)
        lines = [_good(f"i{number:02}") + b" " * (199 - len(_good("i00"))) for number in range(20)]
        quick, slow = _start(uk, *lines), _start(uk, *lines)

        api.run_import(import_id=quick, now_fn=_ticking(timedelta(0)))
        api.run_import(import_id=slow, now_fn=_ticking(2 * batches.BUDGET))

        # 8 lines, then 12 that are left; 8 lines, then 4, then 2 each.
        assert ImportJob.objects.get(import_id=quick).batches_done == 2
        assert ImportJob.objects.get(import_id=slow).batches_done == 6


class TestReport:
    def test_forgets_what_a_runner_wrote_in_the_batch_in_which_it_died(
        self, uk: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import_id = _start(uk, _good("a"), b"{bad", _good("c"))
        put = blobs.put

        def die_after(key: str, data: bytes) -> None:
            put(key, data)
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(blobs, "put", die_after)
            with pytest.raises(Killed):
                api.run_import(import_id=import_id, now_fn=lambda: NOON)
        monkeypatch.setattr(batches, "BATCH_LINES", 1)
        api.run_import(import_id=import_id, now_fn=lambda: NOON + timedelta(minutes=2))

        report = api.get_import_errors(site_id=uk, import_id=import_id)
        assert [json.loads(line)["line"] for line in report.splitlines()] == [2]

    def test_is_not_written_by_a_runner_that_lost_its_lease(self, uk: str) -> None:
        import_id = _start(uk, _good("a"), b"{bad")

        def overtake(_status: Any) -> None:
            ImportJob.objects.filter(import_id=import_id).update(lease=uuid4())

        assert api.run_import(import_id=import_id, now_fn=lambda: NOON, on_progress=overtake) is False

        assert not blobs.exists(f"imports/{import_id}/errors.jsonl")
        assert blobs.exists(f"imports/{import_id}/data.jsonl")
        assert ImportJob.objects.get().state == "running"

    def test_of_a_batch_is_not_written_by_a_runner_that_lost_its_lease(
        self, uk: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(batches, "BATCH_LINES", 1)
        import_id = _start(uk, _good("a"), b"{bad")

        def overtake(_status: Any) -> None:
            ImportJob.objects.filter(import_id=import_id).update(lease=uuid4())

        assert api.run_import(import_id=import_id, now_fn=lambda: NOON, on_progress=overtake) is False

        assert not blobs.exists(f"imports/{import_id}/parts")
