"""Writing records of the stream to their tables: idempotent, in chunks, poison rows into the dead letters."""

from collections.abc import Callable
from datetime import UTC, datetime

from django.db import transaction

from apps.tracking.services import days, letters
from apps.tracking.services.copying import AlreadyThere, copy_any, copy_new
from apps.tracking.services.partitions import Partitions
from apps.tracking.services.rows import DAY, TARGETS, Dead, Row, Sorted, Target, sort
from apps.tracking.stream.base import Chunk, Stream

# Where one row was there already, others are likely: a consumer goes over what it wrote before, a client sends again.
_CAREFUL_CHUNKS = 20


class TableWriter:
    """Writes chunks and the positions after them in one transaction."""

    def __init__(self, *, stream: Stream, group: str, now_fn: Callable[[], datetime]) -> None:
        self._stream = stream
        self._group = group
        self._now_fn = now_fn
        self._partitions = Partitions()
        self._careful = 1  # the first chunk may have been written by another

    def write(self, chunk: Chunk) -> None:
        """Write the chunk; a row that the database refuses goes to the dead letters and never stops the others."""
        found = sort(chunk.records)
        self._ensure_partitions(found)
        dead = list(found.dead)
        with transaction.atomic():
            for kind, rows in found.rows.items():
                if rows:
                    dead += self._put(TARGETS[kind], rows)
            letters.bury(self._stream, dead)
            self._stream.acknowledge(group=self._group, positions=chunk.positions)
            days.note(found, dead=dead)
        self._careful = max(0, self._careful - 1)

    def _put(self, target: Target, rows: list[Row]) -> list[Dead]:
        if not self._careful:
            try:
                return copy_new(target, rows)
            except AlreadyThere:
                self._careful = _CAREFUL_CHUNKS
        return copy_any(target, rows)

    def _ensure_partitions(self, found: Sorted) -> None:
        today = self._now_fn().astimezone(UTC).date()
        for kind, rows in found.rows.items():
            days_of_rows = {row.values[DAY] for row in rows}
            self._partitions.ensure(table=TARGETS[kind].table, days=days_of_rows, today=today)
