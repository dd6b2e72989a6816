"""Which days of which sites have events that are not in the daily counts yet."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from django.db import connection

from apps.tracking.services.rows import TARGETS, Dead, Sorted
from apps.tracking.stream import records

_COLUMNS = list(TARGETS[records.EVENT].types)
_SITE, _TIME = _COLUMNS.index("site_id"), _COLUMNS.index("time")
# In one order, so that two writers never wait for each other crosswise.
_NOTE = """
INSERT INTO tracking_day_change AS known (site_id, day, changed)
SELECT site_id, day, 1 FROM unnest(%s::varchar[], %s::date[]) AS given (site_id, day) ORDER BY site_id, day
ON CONFLICT (site_id, day) DO UPDATE SET changed = known.changed + 1
"""


def note(found: Sorted, *, dead: Iterable[Dead]) -> None:
    """Note the days that these events belong to, in the transaction that writes them; best at its end.

    Until it ends, others who write events of the same day wait for it. Those that are `dead` have no day: what made the
    table refuse them may be their site.
    """
    refused = {id(one.record) for one in dead}
    rows = (row for row in found.rows[records.EVENT] if id(row.record) not in refused)
    if pairs := sorted({_day(row.values[_SITE], row.values[_TIME]) for row in rows}):
        sites, days = zip(*pairs, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(_NOTE, [list(sites), list(days)])


def _day(site_id: str, time: datetime) -> tuple[str, date]:
    return site_id, time.astimezone(UTC).date()
