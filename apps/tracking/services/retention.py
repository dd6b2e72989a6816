"""The end of retention: partitions that no site keeps any more are dropped, old rows of sites that keep less deleted.

Kept is what happened, or was received (an import of old history), within the retention of its site.
"""

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import OperationalError, connection, transaction
from psycopg import sql
from psycopg.sql import Composed, Identifier

from apps.tracking.services.partitions import TABLES, is_busy, months

logger = logging.getLogger(__name__)

# Rows looked at in one transaction: some tens of milliseconds, because the readers of the log wait for every one.
_STEP = 5_000
_NOBODY = UUID(int=0)
_FIRST = date.min

_LOCK = (
    "SET LOCAL lock_timeout = '2s'",
    # The parent first, as writers do, or we and they would wait for each other. ONLY: the other months stay open.
    "LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE",
    "LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE",
)
_DROP = ("ALTER TABLE {table} DETACH PARTITION {name}", "DROP TABLE {name}")
_RECENT = "SELECT EXISTS (SELECT 1 FROM {name} WHERE {known} >= %s)"
# Goes through the rows in the order of the key, also through those that stay, so that no step looks at a row again.
_DELETE = """
WITH seen AS MATERIALIZED (
    SELECT ctid AS place, day, {id} AS id, {known} < %s AS is_old FROM {name}
    WHERE site_id = %s AND day < %s AND (day, {id}) > (%s, %s)
    ORDER BY day, {id} LIMIT %s
), gone AS (
    DELETE FROM {name} WHERE ctid = ANY (ARRAY(SELECT place FROM seen WHERE is_old))
)
SELECT day, id FROM seen ORDER BY day DESC, id DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class _Partition:
    """A partition, with the names of the columns that differ between the tables."""

    table: str
    name: str

    def statement(self, text: str) -> Composed:
        is_event = self.table == "tracking_event"
        return sql.SQL(text).format(
            table=Identifier(self.table),
            name=Identifier(self.name),
            id=Identifier("event_id" if is_event else "recommendation_id"),
            known=Identifier("received_at" if is_event else "time"),
        )


def drop_partitions(*, retention: dict[str, int], now: datetime) -> list[str]:
    """Drop the partitions that no site keeps any more, delete old rows of sites that keep less; return those dropped.

    `retention` is in days by site. What is being used for too long is left for the next time.
    """
    if not retention:
        return []
    dropped = []
    limit = now - timedelta(days=max(retention.values()))
    for table in TABLES:
        for name, month in months(table):
            if (month + timedelta(days=31)).replace(day=1) <= limit.date() and _drop(_Partition(table, name), limit):
                dropped.append(name)
        for site_id, days in retention.items():
            _delete_old(table, site_id, now - timedelta(days=days))
    return dropped


def _drop(one: _Partition, limit: datetime) -> bool:
    """Drop the partition and return True; False where it holds what is kept, or is in use."""
    if _is_recent(one, limit):  # asked before the lock too, which would stop all writers every hour for nothing
        return False
    try:
        with transaction.atomic():
            _lock(one)
            # Only now nobody can write into it, and what was written before is seen.
            if _is_recent(one, limit):
                return False
            _execute(one, *_DROP)
    except OperationalError as error:
        if not is_busy(error):
            raise
        logger.warning("partition %s not dropped yet: the table is being read", one.name)
        return False
    logger.info("dropped partition %s after retention", one.name)
    return True


def _lock(one: _Partition) -> None:
    _execute(one, *_LOCK)


def _execute(one: _Partition, *statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(one.statement(statement))


def _is_recent(one: _Partition, limit: datetime) -> bool:
    if one.table != "tracking_event":  # only events come long after their day
        return False
    with connection.cursor() as cursor:
        cursor.execute(one.statement(_RECENT), [limit])
        return bool(cursor.fetchone()[0])


def _delete_old(table: str, site_id: str, limit: datetime) -> None:
    """Delete in steps, each a short transaction of its own."""
    reached = [name for name, month in months(table) if month < limit.date()]
    for name in [*reached, f"{table}_default"]:
        after: tuple[date, UUID] | None = (_FIRST, _NOBODY)
        while after is not None:
            after = _delete_step(_Partition(table, name), site_id, limit, after)


def _delete_step(one: _Partition, site_id: str, limit: datetime, after: tuple[date, UUID]) -> tuple[date, UUID] | None:
    """Delete what is old among the next rows; return the last of them, None when there were none."""
    with connection.cursor() as cursor:
        cursor.execute(one.statement(_DELETE), [limit, site_id, limit.date(), *after, _STEP])
        found: tuple[date, UUID] | None = cursor.fetchone()
        return found
