"""The record of attempts to train: asked for, under way, done, failed or skipped; one at a time for a site."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from apps.recommend.models import RunKind, RunState, TrainingRun
from specrec.kernel import clock

KEPT_RUNS = 50
# What was asked for or begun longer ago than this will not come any more: its message or its process is lost.
STALE_AFTER = timedelta(hours=1)
# name of the step -> percent done when it begins
_STEPS = {
    RunKind.FULL: {
        "data": 0,
        "content": 25,
        "evaluation": 45,
        "fit": 65,
        "vectors": 75,
        "artifact": 85,
        "report": 90,
        "promotion": 95,
    },
    RunKind.REFRESH: {"data": 0, "evaluation": 40, "fit": 70, "artifact": 80, "promotion": 90},
}
# Asked with percent and step as a step begins, and with 100 at the end.
Told = Callable[[int, str], object]


def ignore(_percent: int, _step: str) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Progress:
    """Where a training stands: told and written to its run as steps begin, timed as they end.

    details: what is to be recorded of it, in the run; plain data
    """

    run: TrainingRun
    told: Told = ignore
    timings: dict[str, float] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    stamp: str = ""
    outcome: str = ""
    _begun: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Return how long it has taken so far."""
        return time.perf_counter() - self._begun

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Note that this step is under way, and how long it took."""
        self._tell(_STEPS[RunKind(self.run.kind)][name], name)
        start = time.perf_counter()
        yield
        self.timings[name] = round(time.perf_counter() - start, 3)

    def within(self, share: float, name: str) -> None:
        """Note how much of the step under way is done (0 to 1), and what of it comes now."""
        percents = sorted(_STEPS[RunKind(self.run.kind)].values())
        begun = self.run.progress
        after = next((percent for percent in percents if percent > begun), 100)
        floor = max(percent for percent in percents if percent <= begun)
        self._tell(max(begun, floor + int((after - 1 - floor) * min(max(share, 0.0), 1.0))), name)

    def _tell(self, percent: int, step: str) -> None:
        self.run.progress = percent
        TrainingRun.objects.filter(pk=self.run.pk).update(progress=percent, step=step[:64], message=step)
        self.told(percent, step)


def queue_run(*, site_id: str, now: datetime, kind: RunKind = RunKind.FULL, recipe: str | None = None) -> UUID:
    """Note that a training is asked for; one of the same that is queued already is returned, for it will do."""
    asked = {"site_id": site_id, "kind": kind, "details": {} if recipe is None else {"recipe": recipe}}
    waiting = TrainingRun.objects.filter(**asked, state=RunState.QUEUED, started_at__gt=now - STALE_AFTER)
    run = waiting.first() or TrainingRun.objects.create(
        **asked, state=RunState.QUEUED, started_at=now, message="Waiting for a worker."
    )
    return run.pk


def begin_run(*, site_id: str, run_id: UUID | None, now: datetime, kind: RunKind = RunKind.FULL) -> TrainingRun | None:
    """Return the run as begun, a new one without an id; None when it is over already. The caller holds `only_one`."""
    runs = TrainingRun.objects.filter(site_id=site_id)
    others = runs if run_id is None else runs.exclude(pk=run_id)
    # We hold the lock, so a run that still says "running" died with its process.
    died = others.filter(state=RunState.RUNNING)
    died.update(state=RunState.FAILED, message="The process that trained ended before it was done.", finished_at=now)
    lost = others.filter(state=RunState.QUEUED, started_at__lte=now - STALE_AFTER)
    lost.update(state=RunState.FAILED, message="No worker took it.", finished_at=now)
    if run_id is None:
        run = TrainingRun.objects.create(site_id=site_id, kind=kind, started_at=now, message="waiting")
    else:
        # Running: its process died, and the message came again. Skipped: two came at once, and the other was quicker.
        unfinished = runs.filter(pk=run_id, state__in=(RunState.QUEUED, RunState.RUNNING, RunState.SKIPPED))
        if not unfinished.update(state=RunState.RUNNING, started_at=now, message="waiting"):
            return None
        run = runs.get(pk=run_id)
    kept = list(runs.order_by("-started_at").values_list("pk", flat=True)[:KEPT_RUNS])
    runs.exclude(pk__in=kept).delete()
    return run


def skip_run(*, site_id: str, run_id: UUID | None, now: datetime) -> None:
    """Note that a queued run has nothing to do, because another training of the site is under way."""
    if run_id is None:
        return
    queued = TrainingRun.objects.filter(site_id=site_id, pk=run_id, state=RunState.QUEUED)
    queued.update(state=RunState.SKIPPED, message="Another training of this site was under way.", finished_at=now)


@contextmanager
def recorded(run: TrainingRun, told: Told = ignore) -> Iterator[Progress]:
    """Record how the attempt ends: done with its outcome, or failed with the reason."""
    progress = Progress(run=run, told=told, details=dict(run.details))
    try:
        yield progress
    except Exception as error:
        with transaction.atomic():
            _finish(progress, RunState.FAILED, f"{type(error).__name__}: {error}")
        raise
    _finish(progress, RunState.DONE, progress.outcome)
    told(100, "done")


@contextmanager
def only_one(site_id: str) -> Iterator[bool]:
    """Yield whether this is the only training of the site; the database frees the lock when this process dies."""
    # A lock of the session, not of a transaction: none may be open for as long as a training takes.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 1))", [site_id])
        row = cursor.fetchone()
    alone = bool(row and row[0])
    try:
        yield alone
    finally:
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 1))", [site_id])


def _finish(progress: Progress, state: RunState, message: str) -> None:
    run = TrainingRun.objects.filter(pk=progress.run.pk)
    percent = {"progress": 100} if state == RunState.DONE else {}
    run.update(
        state=state,
        message=message,
        stamp=progress.stamp,
        details=progress.details,
        finished_at=clock.now(),
        **percent,
    )
