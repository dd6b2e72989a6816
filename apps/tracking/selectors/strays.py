"""Rows without a partition of their own, which is where nobody should be for long."""

from django.db import connection
from psycopg import sql

# Looked at in each table: whoever asks wants to know whether there are any, not how many millions.
BOUND = 10_000
# Months before 2000 stay in the default partition for good.
_COUNT = """
SELECT count(*) FILTER (WHERE day >= DATE '2000-01-01') FROM (SELECT day FROM {other} LIMIT {bound}) AS first_rows
"""


def count_strays() -> dict[str, int]:
    """Return by table how many of the first 10,000 rows of its default partition might lie in their own."""
    return {table: _count(table) for table in ("tracking_event", "tracking_exposure")}


def _count(table: str) -> int:
    statement = sql.SQL(_COUNT).format(other=sql.Identifier(f"{table}_default"), bound=sql.Literal(BOUND))
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])
