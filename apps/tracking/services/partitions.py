"""The monthly partitions of the tables that grow: made ahead and on demand.

A row whose month has no partition goes to the default partition, so nothing is ever refused for its day; making the
month's partition moves such rows into it. Months before 2000 stay in the default partition: the number is bounded.
"""

import logging
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import psycopg
from django.db import OperationalError, connection, transaction
from psycopg import sql

from apps.tracking.selectors import strays

logger = logging.getLogger(__name__)

TABLES = ("tracking_event", "tracking_exposure")
EARLIEST = date(2000, 1, 1)
_AHEAD = timedelta(days=62)
_LOCK = 7_320_411
_NAMES = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass"


class Partitions:
    """Remembers which partitions it has seen, so that a writer asks the database once a month and table."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, date]] = set()

    def ensure(self, *, table: str, days: Iterable[date], today: date) -> None:
        """Make the partitions for these days; what cannot be made now is left to the default partition."""
        wanted = {(table, day.replace(day=1)) for day in days if EARLIEST <= day <= today + _AHEAD} - self._seen
        for _, month in sorted(wanted):
            try:
                create_partition(table=table, month=month)
            except OperationalError as error:
                if not is_busy(error):
                    raise
                logger.warning("partition %s %s not made yet: the table is being read", table, month)
            else:
                self._seen.add((table, month))


def is_busy(error: OperationalError) -> bool:
    """Return whether the statement only came at a bad moment: others were using the table for too long."""
    return isinstance(error.__cause__, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected)


def create_partition(*, table: str, month: date) -> None:
    """Create the partition of the month, with those rows that the default partition holds; nothing when it exists."""
    name = f"{table}_{month:%Y_%m}"
    end = (month + timedelta(days=31)).replace(day=1)
    names = {
        "parent": sql.Identifier(table),
        "other": sql.Identifier(f"{table}_default"),
        "name": sql.Identifier(name),
        "start": sql.Literal(month),
        "end": sql.Literal(end),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '2s'")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute("SELECT to_regclass(%s)", [name])
        if cursor.fetchone()[0] is not None:
            return
        for statement in _CREATE:
            cursor.execute(sql.SQL(statement).format(**names))
    logger.info("made partition %s", name)


_CREATE = (
    "LOCK TABLE {other} IN ACCESS EXCLUSIVE MODE",
    "CREATE TABLE {name} (LIKE {parent} INCLUDING ALL)",
    """
    WITH moved AS (DELETE FROM {other} WHERE day >= {start} AND day < {end} RETURNING *)
    INSERT INTO {name} SELECT * FROM moved
    """,
    "ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end})",
)


def make_partitions(*, now: datetime) -> None:
    """Make the partitions of this month and the next two, and of the months of which the default ones hold rows."""
    today = now.astimezone(UTC).date()
    for table in TABLES:
        ahead = {today, today + timedelta(days=31), today + _AHEAD}
        Partitions().ensure(table=table, days=ahead | _strayed(table), today=today)
    for table, count in strays.count_strays().items():
        if count:
            logger.warning("%d rows or more of %s lie in its default partition", count, table)


def months(table: str) -> list[tuple[str, date]]:
    """Return the partitions of the table, without the default one, with the month of each, earliest first."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, [table])
        names = sorted(name for (name,) in cursor.fetchall() if not name.endswith("_default"))
    return [(name, datetime.strptime(name[-7:], "%Y_%m").replace(tzinfo=UTC).date()) for name in names]


def _strayed(table: str) -> set[date]:
    query = sql.SQL("SELECT DISTINCT date_trunc('month', day)::date FROM {other}")
    with connection.cursor() as cursor:
        cursor.execute(query.format(other=sql.Identifier(f"{table}_default")))
        return {day for (day,) in cursor.fetchall()}
