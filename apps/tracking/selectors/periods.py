"""The events of a site in a period, as rows in slices of bounded memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from apps.tracking.selectors.clocks import bounds, days_between

_STEP = 20_000
_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
_IDS = frozenset({"event_id", "shopper_id", "recommendation_id"})
_WHERE = "FROM tracking_event WHERE site_id = %s AND day BETWEEN %s AND %s AND time >= %s AND time < %s"
_COUNT = f"SELECT count(*) {_WHERE}"


def count_period(*, site_id: str, since: date, until: date) -> int:
    """Return the number of events of the days from `since` to `until`, both included."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, _window(site_id, since, until))
        return int(cursor.fetchone()[0])


@contextmanager
def read_period(
    *, site_id: str, since: date, until: date, columns: Sequence[str]
) -> Iterator[Iterator[list[tuple[Any, ...]]]]:
    """Yield the events of these days in order of time and event id, in slices; ids are texts.

    Must not be called within a transaction.
    """
    names = [sql.SQL("{}::text" if name in _IDS else "{}").format(sql.Identifier(name)) for name in columns]
    statement = sql.SQL("SELECT {} " + _WHERE + " ORDER BY time, tracking_event.event_id").format(
        sql.SQL(", ").join(names)
    )
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(_SNAPSHOT)
        with connection.chunked_cursor() as cursor:
            cursor.execute(statement, _window(site_id, since, until))
            yield _slices(cursor)


def _slices(cursor: Any) -> Iterator[list[tuple[Any, ...]]]:
    while rows := cursor.fetchmany(_STEP):
        yield rows


def _window(site_id: str, since: date, until: date) -> list[Any]:
    start, end = bounds(since, until)
    return [site_id, *days_between(start, end), start, end]
