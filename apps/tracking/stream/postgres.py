"""The Postgres log: the embedded twin of the stream, a table ordered by (transaction id, sequence number).

Readers see only what lies below the oldest transaction that is still running, so one that commits late is never passed
over. The price: a long writing transaction anywhere in the cluster holds back all readers until it ends; keep them
short. Reading is by short polls: NOTIFY would serialise all commits on one lock.

In a cluster into which a dump was restored transaction ids start anew. A reader that gets the partition notices both
consequences: a position ahead of all transactions is lost, and records ahead of them, which no reader would reach, are
numbered anew.

There is one partition. The reader of a group that has it holds an advisory lock of its session: it ends with the
session, so that another reader takes over after a crash as after a restart of the database. Connections must not be
shared between sessions (a pooler in transaction mode would).

A position kept elsewhere may have been restored from an older copy. The newest trimmed record is remembered, so that a
position before it is known as lost rather than read on from with records left out.
"""

import logging
import time
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection

from apps.tracking.contracts import PositionLost
from apps.tracking.stream import positions as rows
from apps.tracking.stream.base import ONLY, TABLE_GROUP, Chunk, FindPositions, Letter, Record
from apps.tracking.stream.positions import availability

logger = logging.getLogger(__name__)

COUNTED = 1_000_000
_SHORT_PAUSE = 0.004
_LONG_PAUSE = 0.04
_STANDBY = 0.25
_LOCKS = 7_320_413  # the first half of our locks' names; the second is made of the group
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
# Records ahead of all transactions of this cluster came with a dump. They keep their order among themselves.
_ADOPT = "UPDATE tracking_log SET xid = pg_current_xact_id() WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())"
_NEXT_XID = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
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
            availability(),
            connection.cursor() as cursor,
            connection.wrap_database_errors,
            cursor.copy(_APPEND) as copy,
        ):
            copy.set_types(_TYPES)
            for record in records:
                copy.write_row((record.kind, record.key, record.payload))

    def open(self, *, group: str, find_positions: FindPositions) -> "PostgresReader":
        """Return a reader of the group."""
        rows.register(group=group)
        _adopt()  # now, so that records that came with a dump are before those that will be written
        return PostgresReader(group, find_positions)

    def acknowledge(self, *, group: str, positions: Mapping[str, str]) -> None:
        """Write the position of the group, in the caller's transaction where there is one."""
        rows.save(group=group, positions=positions, gives_way=_gives_way)

    def find_positions(self, *, group: str) -> dict[str, str]:
        """Return what the group acknowledged last."""
        return rows.find(group=group)

    def lag(self) -> dict[str, int]:
        """Return the number of unacknowledged records by group, counted up to a million."""
        found = {}
        for group, standing in self._standings().items():
            with availability(), connection.cursor() as cursor:
                cursor.execute(_LAG, [*standing, COUNTED])
                found[group] = int(cursor.fetchone()[0])
        return found

    def trim(self, *, before: datetime) -> int:
        """Remove what is old and acknowledged by all, in short transactions."""
        bound = min(self._standings().values(), key=_order)
        removed = 0
        while True:
            with availability(), connection.cursor() as cursor:
                cursor.execute(_TRIM, [*bound, before, _TRIM_STEP])
                step = int(cursor.fetchone()[0])
            removed += step
            if step < _TRIM_STEP:
                return removed

    def park(self, letters: Sequence[Letter]) -> None:
        """Do nothing: the table of dead letters, beside the log, shows them."""

    def _standings(self) -> dict[str, tuple[str, int]]:
        """Return by group where it stands; one whose position is lost stands before all records."""
        found = {TABLE_GROUP: ""} | {group: kept.get(ONLY, "") for group, kept in rows.list_all().items()}
        next_xid = _next_xid()  # after the positions, so that a fresh one is never ahead
        return {group: _standing(position, next_xid) for group, position in found.items()}


class PostgresReader:
    """One consumer of the log; it remembers where it stands while its session holds the lock."""

    def __init__(self, group: str, find_positions: FindPositions) -> None:
        self._lock = [_LOCKS, zlib.crc32(group.encode()) - 2**31]
        self._find_positions = find_positions
        self._session: object | None = None  # the connection that holds the lock
        self._position: tuple[str, int] | None = None

    def read(self, *, limit: int, wait: float) -> Chunk | None:
        """Return the next records, asking at short and then longer intervals until `wait` is over."""
        deadline = time.monotonic() + wait
        if not self._is_assigned(deadline):
            return None
        if self._position is None:
            self._position = _place(self._find_positions((ONLY,)).get(ONLY))
        pause = _SHORT_PAUSE
        while not (found := self._fetch(self._position, limit)):
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONG_PAUSE)
        xid, seq = self._position = (found[-1][0], found[-1][1])
        records = [Record(kind, key, bytes(payload)) for _, _, kind, key, payload in found]
        return Chunk(records, {ONLY: f"{xid}:{seq}"})

    def close(self) -> None:
        """Give the lock back; the connection belongs to the thread."""
        if self._session is not None and self._session is connection.connection:
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(%s, %s)", self._lock)
            except (OperationalError, InterfaceError) as error:
                logger.info("a reader's lock ended with its session: %s", type(error).__name__)
        self._session = self._position = None

    def _is_assigned(self, deadline: float) -> bool:
        """Return whether this session has the lock, waiting for it. One that was lost with its session is void."""
        if self._session is not None and self._session is connection.connection:
            return True
        self._session = self._position = None
        while not self._take_lock():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(_STANDBY, left))
        self._session = connection.connection
        return True

    def _take_lock(self) -> bool:
        with availability(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", self._lock)
            return bool(cursor.fetchone()[0])

    def _fetch(self, position: tuple[str, int], limit: int) -> list[tuple[str, int, str, str, bytes]]:
        with availability(), connection.cursor() as cursor:
            cursor.execute(_READ, [*position, limit])
            return list(cursor.fetchall())


def _adopt() -> None:
    """Make this cluster's own what came from another one with a dump."""
    with availability(), connection.cursor() as cursor:
        cursor.execute(_ADOPT)
        if cursor.rowcount:
            logger.error("the event log came from another cluster: %d records numbered anew", cursor.rowcount)
        cursor.execute(_FORGET)


def _place(position: str | None) -> tuple[str, int]:
    """Return where a reader stands that goes on after `position`; raises PositionLost."""
    _adopt()  # the cluster may be another one than when the reader was opened
    with availability(), connection.cursor() as cursor:
        cursor.execute(_TRIMMED)
        trimmed = cursor.fetchone() or _START
    standing = _parse(position, _next_xid())
    if position and _order(standing) < _order(trimmed):
        raise PositionLost(position)
    return standing


def _next_xid() -> int:
    with availability(), connection.cursor() as cursor:
        cursor.execute(_NEXT_XID)
        return int(cursor.fetchone()[0])


def _gives_way(_: str, stored: str, new: str) -> bool:
    """Return whether `new` is the later one, or the only one that is a position of this log."""
    after, before = _read(new), _read(stored)
    if after is None or before is None:
        return after is not None
    return _order(after) >= _order(before) or int(before[0]) >= _next_xid()


def _parse(position: str | None, next_xid: int) -> tuple[str, int]:
    """Return transaction and number; raises PositionLost for what no transaction so far can have written."""
    if not position:
        return _START
    found = _read(position)
    if found is None or int(found[0]) >= next_xid:
        raise PositionLost(position)
    return found


def _read(position: str) -> tuple[str, int] | None:
    xid, _, seq = position.partition(":")
    if not (xid.isdecimal() and seq.isdecimal()) or int(seq) >= _SEQ_END:
        return None
    return (str(int(xid)), int(seq))


def _standing(position: str, next_xid: int) -> tuple[str, int]:
    try:
        return _parse(position, next_xid)
    except PositionLost:
        return _START


def _order(position: tuple[str, int]) -> tuple[int, int]:
    return (int(position[0]), position[1])
