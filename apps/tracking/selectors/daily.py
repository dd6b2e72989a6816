"""Reading the daily counts, and what they are made from."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import msgspec
from django.db import connection
from django.db.models import F

from apps.tracking.contracts import DailyFigures
from apps.tracking.models import DayChange
from apps.tracking.selectors.clocks import bounds, days_between
from specrec.kernel.errors import Invalid
from specrec.kernel.paging import Page, checked_limit, from_cursor, to_cursor

# The column holds no larger sum, and one absurd price must not keep the day from being counted.
_ADD_UP = """
SELECT type, coalesce(item_id, ''), coalesce(placement, ''), channel, coalesce(currency, ''),
       count(*), sum(quantity), least(coalesce(sum(quantity * unit_price), 0), 99999999999999)
FROM tracking_event
WHERE site_id = %s AND day BETWEEN %s AND %s AND time >= %s AND time < %s
GROUP BY 1, 2, 3, 4, 5
"""
_LIST = """
SELECT day, type, item_id, placement, channel, currency, events, quantity, revenue FROM tracking_daily
WHERE site_id = %s AND day BETWEEN %s AND %s AND (%s::text[] IS NULL OR type = ANY(%s::text[]))
    AND (%s OR (day, type, item_id, placement, channel, currency) > (%s::date, %s, %s, %s, %s, %s))
ORDER BY day, type, item_id, placement, channel, currency LIMIT %s
"""
_Text = Annotated[str, msgspec.Meta(pattern="^[^\\x00]*$")]
_Key = tuple[date, _Text, _Text, _Text, _Text, _Text]
_START = [date.min, "", "", "", "", ""]


def pending_days() -> list[tuple[str, date, int]]:
    """Return site, day and state of the days of which events were written after they were last counted."""
    rows = DayChange.objects.filter(changed__gt=F("counted")).order_by("site_id", "day")
    return list(rows.values_list("site_id", "day", "changed"))


def day_state(*, site_id: str, day: date) -> int:
    """Return how often events of the day were written."""
    return DayChange.objects.filter(site_id=site_id, day=day).values_list("changed", flat=True).first() or 0


def add_up_day(*, site_id: str, day: date) -> list[tuple[Any, ...]]:
    """Return the counts of the day by type, item, placement, channel and currency, as rows of the daily counts."""
    start, end = bounds(day, day)
    with connection.cursor() as cursor:
        cursor.execute(_ADD_UP, [site_id, *days_between(start, end), start, end])
        return list(cursor.fetchall())


def list_daily_counts(
    *,
    site_id: str,
    since: date,
    until: date,
    types: Sequence[str] | None,
    cursor: str | None,
    limit: int | None,
) -> Page[DailyFigures]:
    """Return a page of the counts of the days from `since` to `until`, both included, in order of day and group.

    Raises Invalid for a cursor that is not one of this list.
    """
    size = checked_limit(limit)
    after = _key(cursor)
    wanted = list(types) if types is not None else None
    with connection.cursor() as query:
        query.execute(_LIST, [site_id, since, until, wanted, wanted, after is None, *(after or _START), size + 1])
        rows = query.fetchall()
    items = [_figures(row) for row in rows[:size]]
    return Page(items=items, next_cursor=to_cursor(*rows[size - 1][:6]) if len(rows) > size else None)


def _key(cursor: str | None) -> Sequence[Any] | None:
    keys = from_cursor(cursor)
    try:
        return None if keys is None else msgspec.convert(keys, _Key)
    except msgspec.ValidationError as error:
        raise Invalid("The cursor is not one that this list gave out.", code="bad_cursor", field="cursor") from error


def _figures(row: tuple[Any, ...]) -> DailyFigures:
    day, kind, item_id, placement, channel, currency, events, quantity, revenue = row
    return DailyFigures(
        day=day,
        type=kind,
        item_id=item_id or None,
        placement=placement or None,
        channel=channel,
        currency=currency or None,
        events=events,
        quantity=quantity,
        revenue=revenue,
    )
