"""The Postgres log: the embedded twin of the stream, a table ordered by (transaction id, sequence number).

Readers see only what lies below the oldest transaction that is still running, so one that commits late is never passed
over. The price: a long writing transaction anywhere in the cluster holds back all readers until it ends; keep them
short. Reading is by short polls: NOTIFY would serialise all commits on one lock.

In a cluster into which a dump was restored transaction ids start anew. Opening notices both consequences: a position
ahead of all transactions is lost, and records ahead of them, which no reader would reach, are numbered anew.

A position kept elsewhere may have been restored from an older copy. The newest trimmed record is remembered, so that a
position before it is known as lost rather than read on from with records left out.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection

from apps.tracking.contracts import PositionLost
from apps.tracking.stream.base import TABLE_GROUP, Chunk, Record
from specrec.kernel.errors import Unavailable

logger = logging.getLogger(__name__)

COUNTED = 1_000_000
_SHORT_PAUSE = 0.004
_LONG_PAUSE = 0.04
_TRIM_STEP = 20_000
_START = ("0", 0)
_SEQ_END = 2**63

# A quarter of the time of an INSERT of arrays for 1,000 records, and no slower for one.
_APPEND = "COPY tracking_log (kind, key, payload) FROM STDIN (FORMAT BINARY)"
_TYPES = ("varchar", "varchar", "bytea")
# The output column has a name of its own: ORDER BY prefers output columns, and as text "1000" comes before "999".
_READ = """
SELECT xid::text AS xid_text, seq, kind, key, payload FROM tracking_log
WHERE (xid, seq) > (%s::xid8, %s) AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid, seq LIMIT %s
"""
_ACKNOWLEDGE = """
INSERT INTO tracking_stream_position ("group", position, updated_at) VALUES (%s, %s, now())
ON CONFLICT ("group") DO UPDATE SET position = excluded.position, updated_at = excluded.updated_at
"""
_REGISTER = """
INSERT INTO tracking_stream_position ("group", position, updated_at) VALUES (%s, '', now()) ON CONFLICT DO NOTHING
"""
# Records ahead of all transactions of this cluster came with a dump. They keep their order among themselves.
_ADOPT = "UPDATE tracking_log SET xid = pg_current_xact_id() WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())"
_NEXT_XID = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
_POSITIONS = 'SELECT "group", position FROM tracking_stream_position'
_LAG = "SELECT count(*) FROM (SELECT 1 FROM tracking_log WHERE (xid, seq) > (%s::xid8, %s) LIMIT %s) AS later"
# The mark is moved in the statement that removes, so that there is never one without the other.
_TRIM = """
WITH gone AS (
    DELETE FROM tracking_log WHERE (xid, seq) IN (
        SELECT xid, seq FROM tracking_log WHERE (xid, seq) <= (%s::xid8, %s) AND written_at < %s
        ORDER BY xid, seq LIMIT %s
    ) RETURNING xid, seq
), moved AS (
    INSERT INTO tracking_log_trimmed AS mark (id, xid, seq)
    SELECT 1, xid, seq FROM gone ORDER BY xid DESC, seq DESC LIMIT 1
    ON CONFLICT (id) DO UPDATE SET xid = excluded.xid, seq = excluded.seq
    WHERE (mark.xid, mark.seq) < (excluded.xid, excluded.seq)
)
SELECT count(*) FROM gone
"""
_TRIMMED = "SELECT xid::text, seq FROM tracking_log_trimmed"
# A mark ahead of all transactions of this cluster came with a dump, and says nothing of this log.
_FORGET = "DELETE FROM tracking_log_trimmed WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())"


class PostgresStream:
    """The log on Django's connection of the calling thread: within a transaction it takes part in it."""

    def append(self, records: Sequence[Record]) -> None:
        """Write the records in one statement."""
        if not records:
            return
        with (
            _availability(),
            connection.cursor() as cursor,
            connection.wrap_database_errors,
            cursor.copy(_APPEND) as copy,
        ):
            copy.set_types(_TYPES)
            for record in records:
                copy.write_row((record.kind, record.key, record.payload))

    def open(self, *, group: str, position: str | None) -> "PostgresReader":
        """Return a reader that stands after `position`."""
        with _availability(), connection.cursor() as cursor:
            cursor.execute(_REGISTER, [group])
            cursor.execute(_ADOPT)
            if cursor.rowcount:
                logger.error("the event log came from another cluster: %d records numbered anew", cursor.rowcount)
            cursor.execute(_FORGET)
            cursor.execute(_TRIMMED)
            trimmed = cursor.fetchone() or _START
            cursor.execute(_NEXT_XID)
            next_xid = int(cursor.fetchone()[0])
        standing = _parse(position, next_xid)
        if position and _order(standing) < _order(trimmed):
            raise PositionLost(position)
        return PostgresReader(standing)

    def acknowledge(self, *, group: str, position: str) -> None:
        """Write the position of the group, in the caller's transaction where there is one."""
        with _availability(), connection.cursor() as cursor:
            cursor.execute(_ACKNOWLEDGE, [group, position])

    def find_position(self, *, group: str) -> str | None:
        """Return what the group acknowledged last."""
        return self._positions().get(group) or None

    def lag(self) -> dict[str, int]:
        """Return the number of unacknowledged records by group, counted up to a million."""
        found = {}
        for group, standing in self._standings().items():
            with _availability(), connection.cursor() as cursor:
                cursor.execute(_LAG, [*standing, COUNTED])
                found[group] = int(cursor.fetchone()[0])
        return found

    def trim(self, *, before: datetime) -> int:
        """Remove what is old and acknowledged by all, in short transactions."""
        bound = min(self._standings().values(), key=_order)
        removed = 0
        while True:
            with _availability(), connection.cursor() as cursor:
                cursor.execute(_TRIM, [*bound, before, _TRIM_STEP])
                step = int(cursor.fetchone()[0])
            removed += step
            if step < _TRIM_STEP:
                return removed

    def _positions(self) -> dict[str, str]:
        with _availability(), connection.cursor() as cursor:
            cursor.execute(_POSITIONS)
            return {TABLE_GROUP: ""} | dict(cursor.fetchall())

    def _standings(self) -> dict[str, tuple[str, int]]:
        """Return by group where it stands; one whose position is lost stands before all records."""
        positions = self._positions()
        with _availability(), connection.cursor() as cursor:
            cursor.execute(_NEXT_XID)  # after the positions, so that a fresh one is never ahead
            next_xid = int(cursor.fetchone()[0])
        return {group: _standing(position, next_xid) for group, position in positions.items()}


class PostgresReader:
    """One consumer of the log; it remembers where it stands."""

    def __init__(self, position: tuple[str, int]) -> None:
        self._position = position

    def read(self, *, limit: int, wait: float) -> Chunk | None:
        """Return the next records, asking at short and then longer intervals until `wait` is over."""
        deadline = time.monotonic() + wait
        pause = _SHORT_PAUSE
        while not (rows := self._fetch(limit)):
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONG_PAUSE)
        self._position = (rows[-1][0], rows[-1][1])
        records = [Record(kind, key, bytes(payload)) for _, _, kind, key, payload in rows]
        return Chunk(records, f"{self._position[0]}:{self._position[1]}")

    def close(self) -> None:
        """Hold nothing: the connection belongs to the thread."""

    def _fetch(self, limit: int) -> list[tuple[str, int, str, str, bytes]]:
        with _availability(), connection.cursor() as cursor:
            cursor.execute(_READ, [*self._position, limit])
            return list(cursor.fetchall())


def _parse(position: str | None, next_xid: int) -> tuple[str, int]:
    """Return transaction and number; raises PositionLost for what no transaction so far can have written."""
    if not position:
        return _START
    xid, _, seq = position.partition(":")
    if not (xid.isdecimal() and seq.isdecimal()) or int(xid) >= next_xid or int(seq) >= _SEQ_END:
        raise PositionLost(position)
    return (str(int(xid)), int(seq))


def _standing(position: str, next_xid: int) -> tuple[str, int]:
    try:
        return _parse(position, next_xid)
    except PositionLost:
        return _START


def _order(position: tuple[str, int]) -> tuple[int, int]:
    return (int(position[0]), position[1])


@contextmanager
def _availability() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        if not connection.in_atomic_block and not connection.is_usable():
            connection.close()  # so that the next attempt connects anew
        message = "The event stream does not answer. Send the same events again in a moment."
        raise Unavailable(message, code="stream_unavailable") from error
