"""Bulk imports: JSON Lines kept as a blob, applied in batches, resumable at the batch where a runner died.

A batch and the progress that it makes are one transaction, so a line counts once however often a runner is killed. A
runner holds a lease; it may be taken over when its heartbeat is older than STALE.
"""

import io
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import F, Q

from apps.catalog.contracts import MAX_IMPORT_BYTES, ImportStatus, ItemInput, LineError
from apps.catalog.models import ImportJob
from apps.catalog.selectors.imports import import_status
from apps.catalog.services import batches
from apps.catalog.services import items as item_services
from apps.catalog.services.checks import line_error
from specrec.kernel import blobs, ids, jobs, wire
from specrec.kernel.errors import Problem, TooLarge, Unavailable

logger = logging.getLogger(__name__)
STALE = timedelta(seconds=60)
MAX_ATTEMPTS = 5


class _LeaseLostError(Exception):
    """Somebody else has taken the job over; what this runner did in its batch is rolled back."""


def start_import(*, site_id: str, data: bytes, now: datetime, background: bool) -> ImportStatus:
    """Store the lines and a job for them; with `background` a worker is told. Raises TooLarge."""
    if len(data) > MAX_IMPORT_BYTES:
        message = (
            f"The file has {len(data):,} bytes; at most {MAX_IMPORT_BYTES:,} are accepted. Cut it between two lines."
        )
        raise TooLarge(message, code="too_large", max_bytes=MAX_IMPORT_BYTES)
    total = sum(1 for line in io.BytesIO(data.removeprefix(batches.BOM)) if line.strip())
    job = ImportJob(import_id=ids.new_id(), site_id=site_id, size=len(data), lines_total=total, created_at=now)
    if total == 0:
        job.state, job.finished_at, job.message = "done", now, "The file has no lines, so nothing was imported."
        job.save(force_insert=True)
        return import_status(job)
    blobs.put(_data_key(job.import_id), data)
    job.save(force_insert=True)
    if background:
        _enqueue(job.import_id)
    return import_status(job)


def run_import(
    *,
    import_id: UUID,
    now_fn: Callable[[], datetime],
    on_progress: Callable[[ImportStatus], None] | None = None,
) -> bool:
    """Apply what is left of the import; return False when it is finished, unknown, or in somebody else's hands."""
    lease = ids.new_id()
    if not _claim(import_id, lease, now_fn()):
        return False
    job = ImportJob.objects.get(import_id=import_id)
    data = blobs.get(_data_key(import_id))
    pace = batches.Pace()
    try:
        for batch in batches.read(data, job.offset, job.lines_read, pace):
            begun = now_fn()
            _apply(job, batch, lease, begun)
            pace.note(batch.end - batch.start, now_fn() - begun)
            job.refresh_from_db()
            if on_progress is not None:
                on_progress(import_status(job))
        _finish(job, lease, now_fn())
    except _LeaseLostError:
        logger.warning("import %s: the lease was lost, another runner goes on", import_id)
        return False
    return True


def resume_imports(*, now: datetime) -> list[UUID]:
    """Tell a worker about jobs that nobody works on: their runner died, or the message about them was lost."""
    left = ImportJob.objects.filter(_free(now), created_at__lt=now - STALE)
    found = list(left.values_list("import_id", flat=True))
    for import_id in found:
        _enqueue(import_id)
    return found


def read_errors(*, job: ImportJob) -> bytes:
    """Return the report of the refused lines so far, as JSON Lines."""
    if blobs.exists(_report_key(job.import_id)):
        return blobs.get(_report_key(job.import_id))
    keys = [_part_key(job.import_id, number) for number in range(job.batches_done)]
    return b"".join(blobs.get(key) for key in keys if blobs.exists(key))


def _free(now: datetime) -> Q:
    return Q(state="queued") | Q(state="running", heartbeat_at__lt=now - STALE)


def _claim(import_id: UUID, lease: UUID, now: datetime) -> bool:
    """Take the job if nobody holds it; give it up for good after too many attempts without progress."""
    free = ImportJob.objects.filter(_free(now), import_id=import_id)
    given_up = free.filter(attempts__gte=MAX_ATTEMPTS).update(
        state="failed",
        finished_at=now,
        message=f"Stopped: {MAX_ATTEMPTS} attempts in a row made no progress. The lines counted as done stay applied.",
    )
    if given_up:
        return False
    taken = free.update(state="running", lease=lease, heartbeat_at=now, attempts=F("attempts") + 1)
    return taken == 1


def _apply(job: ImportJob, batch: batches.Batch, lease: UUID, now: datetime) -> None:
    good: list[tuple[int, ItemInput]] = []
    errors: list[LineError] = []
    for number, line in batch.lines:
        try:
            good.append((number, wire.decode(line, ItemInput, max_bytes=batches.MAX_LINE)))
        except Problem as problem:
            errors.append(line_error(number, batches.item_id_of(line), problem))
    with transaction.atomic():
        _hold(job, lease)
        outcomes = item_services.upsert_items(site_id=job.site_id, items=[item for _, item in good], now=now)
        for (number, _), outcome in zip(good, outcomes, strict=True):
            if isinstance(outcome, LineError):
                errors.append(msgspec.structs.replace(outcome, line=number))
        _put_part(job, errors)
        held = ImportJob.objects.filter(import_id=job.import_id, lease=lease, state="running").update(
            offset=batch.end,
            lines_read=batch.last_line,
            batches_done=F("batches_done") + 1,
            lines_done=F("lines_done") + len(batch.lines) - len(errors),
            lines_failed=F("lines_failed") + len(errors),
            heartbeat_at=now,
            attempts=0,
        )
        if not held:
            raise _LeaseLostError


def _hold(job: ImportJob, lease: UUID) -> None:
    """Lock the job until the transaction ends, before anything is written to the blobs, which nothing rolls back."""
    held = ImportJob.objects.select_for_update().filter(import_id=job.import_id, lease=lease, state="running")
    if held.first() is None:
        raise _LeaseLostError


def _put_part(job: ImportJob, errors: list[LineError]) -> None:
    """Write the refused lines of a batch, in place of those of a runner that died in it (with other ends, perhaps)."""
    key = _part_key(job.import_id, job.batches_done)
    if errors:
        errors.sort(key=lambda error: error.line)
        blobs.put(key, b"".join(wire.encode(error) + b"\n" for error in errors))
    else:
        blobs.delete(key)


def _finish(job: ImportJob, lease: UUID, now: datetime) -> None:
    report = read_errors(job=job)
    refused = f"{job.lines_failed:,} of {job.lines_total:,} lines were refused; the report says why."
    message = refused if job.lines_failed else "All lines were applied."
    with transaction.atomic():
        _hold(job, lease)
        blobs.put(_report_key(job.import_id), report)
        ImportJob.objects.filter(import_id=job.import_id).update(
            state="done", finished_at=now, message=message, heartbeat_at=now
        )
    blobs.delete(f"imports/{job.import_id}/parts")
    blobs.delete(_data_key(job.import_id))


def _enqueue(import_id: UUID) -> None:
    """Tell a worker. Failure policy: the row is enough, since `resume_imports` finds jobs that nobody works on."""
    try:
        jobs.enqueue("catalog.run_import", import_id=str(import_id))
    except Unavailable:
        logger.warning("import %s: no worker could be told, the schedule will pick it up", import_id)


def _data_key(import_id: UUID) -> str:
    return f"imports/{import_id}/data.jsonl"


def _report_key(import_id: UUID) -> str:
    return f"imports/{import_id}/errors.jsonl"


def _part_key(import_id: UUID, number: int) -> str:
    return f"imports/{import_id}/parts/{number:06d}.jsonl"
