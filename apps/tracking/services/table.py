"""Writing records of the stream to their tables: idempotent, chunks by COPY, poison rows into the dead letters."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import DataError, IntegrityError, connection, transaction
from psycopg import sql

from apps.tracking.contracts import Exposure, TrackedEvent
from apps.tracking.services.partitions import Partitions
from apps.tracking.stream import records
from apps.tracking.stream.base import Chunk, Record, Stream

logger = logging.getLogger(__name__)

_EXPOSURE = (
    *("site_id", "recommendation_id", "day", "time", "placement", "shopper_id"),
    *("item_ids", "strategy", "fallback", "model", "channel", "store_id"),
)
_STAGE = "CREATE TEMP TABLE IF NOT EXISTS {stage} (LIKE {table}) ON COMMIT DELETE ROWS"
_COPY = "COPY {stage} ({columns}) FROM STDIN"
_MOVE = "INSERT INTO {table} ({columns}) SELECT {columns} FROM {stage} ON CONFLICT DO NOTHING"
_INSERT = "INSERT INTO {table} ({columns}) VALUES ({places}) ON CONFLICT DO NOTHING"
_DEAD = "INSERT INTO tracking_dead_letter (kind, key, payload, reason) VALUES (%s, %s, %s, %s)"


@dataclass(frozen=True, slots=True)
class Target:
    """A table that records of one kind go to."""

    table: str
    columns: tuple[str, ...]

    def statement(self, text: str) -> sql.Composed:
        """Return the statement for this table, its columns and the session's staging table for it."""
        return sql.SQL(text).format(
            table=sql.Identifier(self.table),
            stage=sql.Identifier(f"{self.table}_stage"),
            columns=sql.SQL(", ").join(map(sql.Identifier, self.columns)),
            places=sql.SQL(", ").join([sql.Placeholder()] * len(self.columns)),
        )


TARGETS = {
    records.EVENT: Target("tracking_event", TrackedEvent.__struct_fields__),
    records.EXPOSURE: Target("tracking_exposure", _EXPOSURE),
}


@dataclass(slots=True)
class _Sorted:
    rows: dict[str, list[tuple[Record, tuple[Any, ...]]]] = field(
        default_factory=lambda: {kind: [] for kind in TARGETS}
    )
    dead: list[tuple[Record, str]] = field(default_factory=list)


class TableWriter:
    """Writes chunks and the position after them in one transaction."""

    def __init__(self, *, stream: Stream, group: str, now_fn: Callable[[], datetime]) -> None:
        self._stream = stream
        self._group = group
        self._now_fn = now_fn
        self._partitions = Partitions()

    def write(self, chunk: Chunk) -> None:
        """Write the chunk; a row that the database refuses goes to the dead letters and never stops the others."""
        found = _sort(chunk.records)
        self._ensure_partitions(found)
        try:
            self._commit(chunk, found, _copy_rows)
        except (DataError, IntegrityError):
            logger.warning(
                "a chunk of %d records holds rows that cannot be written; going row by row", len(chunk.records)
            )
            self._commit(chunk, found, _insert_rows)

    def _commit(self, chunk: Chunk, found: _Sorted, write_rows: "_WriteRows") -> None:
        with transaction.atomic():
            dead = list(found.dead)
            for kind, rows in found.rows.items():
                if rows:
                    dead += write_rows(TARGETS[kind], rows)
            _bury(dead)
            self._stream.acknowledge(group=self._group, position=chunk.position)

    def _ensure_partitions(self, found: _Sorted) -> None:
        today = self._now_fn().astimezone(UTC).date()
        for kind, rows in found.rows.items():
            self._partitions.ensure(table=TARGETS[kind].table, days={row[2] for _, row in rows}, today=today)


_Rows = Sequence[tuple[Record, tuple[Any, ...]]]
_Dead = list[tuple[Record, str]]
_WriteRows = Callable[[Target, _Rows], _Dead]


def _sort(found: Iterable[Record]) -> _Sorted:
    result = _Sorted()
    for record in found:
        try:
            value = records.read(record)
            row = _event_row(value) if isinstance(value, TrackedEvent) else _exposure_row(value)
        except (records.UnreadableRecord, OverflowError) as error:
            result.dead.append((record, f"unreadable: {error}"))
            continue
        result.rows[record.kind].append((record, row))
    return result


def _event_row(event: TrackedEvent) -> tuple[Any, ...]:
    return tuple(getattr(event, name) for name in TrackedEvent.__struct_fields__)


def _exposure_row(exposure: Exposure) -> tuple[Any, ...]:
    return (
        exposure.site_id,
        exposure.recommendation_id,
        exposure.time.astimezone(UTC).date(),
        exposure.time,
        exposure.placement,
        exposure.shopper_id,
        exposure.item_ids,
        exposure.strategy,
        exposure.fallback,
        exposure.model,
        exposure.channel,
        exposure.store_id,
    )


def _copy_rows(target: Target, rows: _Rows) -> _Dead:
    with connection.cursor() as cursor:
        cursor.execute(target.statement(_STAGE))
        with connection.wrap_database_errors, cursor.copy(target.statement(_COPY)) as copy:
            for _, row in rows:
                copy.write_row(row)
        cursor.execute(target.statement(_MOVE))
    return []


def _insert_rows(target: Target, rows: _Rows) -> _Dead:
    dead = []
    statement = target.statement(_INSERT)
    for record, row in rows:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, row)
        except (DataError, IntegrityError) as error:
            dead.append((record, str(error).strip()))
    return dead


def _bury(dead: _Dead) -> None:
    if not dead:
        return
    logger.error("%d records became dead letters, the first because: %s", len(dead), dead[0][1])
    with connection.cursor() as cursor:
        cursor.executemany(_DEAD, [(record.kind, record.key, record.payload, reason) for record, reason in dead])
