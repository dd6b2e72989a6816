"""Reading the daily counts by item, for features of a season."""

from collections.abc import Iterator, Sequence
from datetime import date

from django.db import connection, transaction

_SLICE = 20_000
_SUM = """
SELECT type, item_id, day, sum(events)::bigint FROM tracking_daily
WHERE site_id = %s AND day BETWEEN %s AND %s AND type = ANY(%s) AND item_id <> ''
GROUP BY 1, 2, 3
"""


def sum_item_days(
    *, site_id: str, since: date, until: date, types: Sequence[str]
) -> Iterator[tuple[str, str, date, int]]:
    """Yield event type, item, day and number of events, for the days from `since` to `until`, both included."""
    # A cursor of the server: what a season holds is not to be in memory twice.
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_SUM, [site_id, since, until, list(types)])
        while rows := cursor.fetchmany(_SLICE):
            yield from rows
