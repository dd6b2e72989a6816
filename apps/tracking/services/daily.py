"""The daily counts for reports: a site and day is counted again whenever events of it were written.

Adding up only reads; replacing the rows is a short transaction of its own for each site and day, because the readers of
the log wait for every transaction that writes. What is counted says which writes it has seen: an older count never
replaces a newer one, and a crash between the two leaves the day to be counted again.
"""

import logging
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.db import Error as DatabaseError
from django.db import connection, transaction

from apps.tracking.models import DailyCount
from apps.tracking.selectors import daily

logger = logging.getLogger(__name__)

_KNOW = """
INSERT INTO tracking_day_change (site_id, day, changed) VALUES (%s, %s, 0) ON CONFLICT (site_id, day) DO NOTHING
"""
_CLAIM = "UPDATE tracking_day_change SET counted = %s WHERE site_id = %s AND day = %s AND counted <= %s"
_STORED = "SELECT coalesce(sum(events), 0) FROM tracking_daily WHERE site_id = %s AND day = %s"
_COPY = """
COPY tracking_daily (site_id, day, type, item_id, placement, channel, currency, events, quantity, revenue) FROM STDIN
"""
_EVENTS = 5  # the place of the number of events in a row


def count_days() -> int:
    """Count all days of which events were written since; return how many. One that fails holds up no other."""
    counted = 0
    for site_id, day, state in daily.pending_days():
        try:
            _count(site_id, day, state)
        except DatabaseError:
            logger.exception("the day %s of site %s could not be counted; it is tried again", day, site_id)
        else:
            counted += 1
    return counted


def recount_days(*, site_id: str, since: date, until: date, progress: Callable[[int], object]) -> int:
    """Count the days from `since` to `until`, both included, whether they changed or not; return how many."""
    days = [since + timedelta(days=number) for number in range((until - since).days + 1)]
    for day in days:
        _count(site_id, day, daily.day_state(site_id=site_id, day=day))
        progress(1)
    return len(days)


def _count(site_id: str, day: date, state: int) -> None:
    rows = daily.add_up_day(site_id=site_id, day=day)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_KNOW, [site_id, day])
        cursor.execute(_CLAIM, [state, site_id, day, state])
        if not cursor.rowcount:
            return  # somebody else has counted more
        cursor.execute(_STORED, [site_id, day])
        if cursor.fetchone()[0] > sum(row[_EVENTS] for row in rows):
            logger.info("kept the counts of %s of site %s: of some of its events retention has ended", day, site_id)
            return
        _replace(site_id, day, rows)


def _replace(site_id: str, day: date, rows: list[tuple[Any, ...]]) -> None:
    DailyCount.objects.filter(site_id=site_id, day=day).delete()
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(_COPY) as copy:
        for row in rows:
            copy.write_row((site_id, day, *row))
