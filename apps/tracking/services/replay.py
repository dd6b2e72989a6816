"""Dead letters tried again, once what made them so is mended.

What its table refused goes into the table alone, because every other consumer has followed it. What nobody could read
goes through the stream again, and its letter away only after that: at least once, which all consumers bear. A letter
that is as dead as before stays, with today's reason.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Max, QuerySet

from apps.tracking.contracts import ReplayResult
from apps.tracking.models import DeadLetter
from apps.tracking.services import days
from apps.tracking.services.copying import copy_any
from apps.tracking.services.letters import refresh
from apps.tracking.services.partitions import Partitions
from apps.tracking.services.rows import DAY, TARGETS, Dead, Sorted, sort
from apps.tracking.stream import records
from apps.tracking.stream.base import Record
from apps.tracking.stream.choice import get_stream

# Letters in one transaction; short, because the readers of the log wait for every one.
_STEP = 200


@dataclass(slots=True)
class _Fates:
    """What becomes of the letters of one step."""

    written: list[int] = field(default_factory=list)
    streamed: list[int] = field(default_factory=list)
    dead: dict[int, str] = field(default_factory=dict)


def choose(*, ids: Sequence[int] | None, cause: str | None, kind: str | None) -> QuerySet[DeadLetter]:
    """Return the letters that are meant; None names all."""
    chosen = DeadLetter.objects.order_by("id")
    for name, value in (("id__in", ids), ("cause", cause), ("kind", kind)):
        if value is not None:
            chosen = chosen.filter(**{name: value})
    return chosen


def replay(*, chosen: QuerySet[DeadLetter], now: datetime, progress: Callable[[int], object]) -> ReplayResult:
    """Try the letters again, those that are there now; `progress` is told how many are done. Raises Unavailable."""
    partitions = Partitions()
    written = streamed = still_dead = after = 0
    last = chosen.aggregate(last=Max("id"))["last"] or 0  # one that fails again is a new letter, not tried again here
    while step := list(chosen.filter(id__gt=after, id__lte=last)[:_STEP]):
        after = step[-1].pk
        _ensure_partitions(partitions, step, now)
        fates = _replay_step([letter.pk for letter in step])
        written, streamed = written + len(fates.written), streamed + len(fates.streamed)
        still_dead += len(fates.dead)
        progress(len(step))
    return ReplayResult(written=written, streamed=streamed, still_dead=still_dead)


def _ensure_partitions(partitions: Partitions, step: Iterable[DeadLetter], now: datetime) -> None:
    found = sort(_record(letter) for letter in step)
    for kind, rows in found.rows.items():
        named = {row.values[DAY] for row in rows}
        partitions.ensure(table=TARGETS[kind].table, days=named, today=now.astimezone(UTC).date())


def _replay_step(ids: list[int]) -> _Fates:
    fates = _Fates()
    with transaction.atomic():
        # Another replay may have some of them in hand.
        letters = list(DeadLetter.objects.filter(id__in=ids).select_for_update(skip_locked=True))
        _write([letter for letter in letters if letter.cause == DeadLetter.Cause.REFUSED], fates)
        _stream([letter for letter in letters if letter.cause == DeadLetter.Cause.UNREADABLE], fates)
        refresh(fates.dead)
        DeadLetter.objects.filter(id__in=[*fates.written, *fates.streamed]).delete()
    return fates


def _write(letters: list[DeadLetter], fates: _Fates) -> None:
    found = sort(map(_record, letters))
    dead = [*found.dead, *_copy(found)]
    days.note(found, dead=dead)
    reasons = {one.record: one.reason for one in dead}
    for letter in letters:
        reason = reasons.get(_record(letter))
        if reason is None:
            fates.written.append(letter.pk)
        else:
            fates.dead[letter.pk] = reason


def _copy(found: Sorted) -> list[Dead]:
    return [dead for kind, rows in found.rows.items() if rows for dead in copy_any(TARGETS[kind], rows)]


def _stream(letters: list[DeadLetter], fates: _Fates) -> None:
    readable = []
    for letter in letters:
        record = _record(letter)
        try:
            records.read(record)
        except records.UnreadableRecord as error:
            fates.dead[letter.pk] = f"unreadable: {error}"
        else:
            readable.append(record)
            fates.streamed.append(letter.pk)
    if readable:
        get_stream().append(readable)


def _record(letter: DeadLetter) -> Record:
    return Record(letter.kind, letter.key, bytes(letter.payload))
