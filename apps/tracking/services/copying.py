"""Rows into their table: once each, however often they come, and those that it refuses set aside.

The cheapest way is a binary copy straight into the table, which fails as a whole where a row is there already. Then,
and as long as such rows may be expected, a staging table lets them be passed over. A row that cannot be written makes
both fail: halves are tried until it stands alone, so that a chunk with one such row costs about twice one without.
"""

import re
from collections.abc import Sequence

from django.db import DataError, IntegrityError, connection, transaction
from psycopg.errors import UniqueViolation

from apps.tracking.models import DeadLetter
from apps.tracking.services.rows import Dead, Row, Target

_COPY = "COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)"
_STAGE = "CREATE TEMP TABLE IF NOT EXISTS {stage} (LIKE {table}) ON COMMIT DELETE ROWS"
_EMPTY = "DELETE FROM {stage}"
_COPY_STAGE = "COPY {stage} ({columns}) FROM STDIN (FORMAT BINARY)"
_MOVE = "INSERT INTO {table} ({columns}) SELECT {columns} FROM {stage} ON CONFLICT DO NOTHING"
# The last three: a value that is not of its column's type at all, which only another program can have written.
_REFUSED = (DataError, IntegrityError, OverflowError, TypeError, ValueError)
_COLUMN = re.compile(r'column "?(\w+)')


class AlreadyThere(RuntimeError):
    """A row of these is in the table; nothing was written."""


def copy_new(target: Target, rows: Sequence[Row]) -> list[Dead]:
    """Write rows that are not there; return those that cannot be written. Raises AlreadyThere, having written none."""
    try:
        with transaction.atomic():
            _copy(target, _COPY, rows)
    except _REFUSED as error:
        if isinstance(error.__cause__, UniqueViolation):
            raise AlreadyThere from error
        return _in_halves(target, rows)
    return []


def copy_any(target: Target, rows: Sequence[Row]) -> list[Dead]:
    """Write the rows that are not there yet; return those that cannot be written."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(target.statement(_STAGE))
                cursor.execute(target.statement(_EMPTY))
            _copy(target, _COPY_STAGE, rows)
            with connection.cursor() as cursor:
                cursor.execute(target.statement(_MOVE))
    except _REFUSED as error:
        if len(rows) == 1:
            return [Dead(rows[0].record, DeadLetter.Cause.REFUSED, _reason(error))]
        return _in_halves(target, rows)
    return []


def _in_halves(target: Target, rows: Sequence[Row]) -> list[Dead]:
    middle = (len(rows) + 1) // 2
    return [dead for part in (rows[:middle], rows[middle:]) if part for dead in copy_any(target, part)]


def _copy(target: Target, statement: str, rows: Sequence[Row]) -> None:
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(target.statement(statement)) as copy,
    ):
        copy.set_types(list(target.types.values()))
        for row in rows:
            copy.write_row(row.values)


def _reason(error: Exception) -> str:
    """Return what was wrong and with which column, without the values that the database quotes."""
    message = str(error).splitlines()[0]
    column = _COLUMN.search(str(error).partition("\n")[2])
    return f"{message} (column {column[1]})" if column else message
