"""When a rule holds. Whatever the clocks do, what the wall clock shows decides."""

import itertools
import math
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from apps.recommend.contracts.rules import Schedule, Weekday

WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MIDNIGHT = time(0)
_DAYS_AHEAD = 8  # whatever repeats by the week has begun or ended by then


def is_in_force(schedule: Schedule, *, now: datetime, time_zone: str) -> bool:
    """Return whether the schedule holds at `now`; `time_zone`: the site's, where the schedule names none.

    A window that goes over midnight belongs to the weekday on which it begins.
    """
    if schedule.starts_at is not None and now < schedule.starts_at:
        return False
    if schedule.ends_at is not None and now >= schedule.ends_at:
        return False
    shown = now.astimezone(_zone(schedule, time_zone))
    clock, today = shown.time(), WEEKDAYS[shown.weekday()]
    begin, end = _window(schedule)
    if begin < end:
        return begin <= clock < end and _holds_on(schedule, today)
    yesterday = WEEKDAYS[shown.weekday() - 1]
    return (clock >= begin and _holds_on(schedule, today)) or (clock < end and _holds_on(schedule, yesterday))


def next_change(schedule: Schedule, *, now: datetime, time_zone: str) -> float:
    """Return when the schedule next begins or ends to hold, in seconds since 1970; inf where it never will."""
    held = is_in_force(schedule, now=now, time_zone=time_zone)
    for moment in sorted(set(_boundaries(schedule, now, _zone(schedule, time_zone)))):
        if moment > now and is_in_force(schedule, now=moment, time_zone=time_zone) != held:
            return moment.timestamp()
    return math.inf


def _zone(schedule: Schedule, time_zone: str) -> ZoneInfo:
    return ZoneInfo(schedule.time_zone or time_zone)


def _window(schedule: Schedule) -> tuple[time, time]:
    begin, end = (_MIDNIGHT if text is None else time.fromisoformat(text) for text in _times(schedule))
    return begin, end


def _times(schedule: Schedule) -> tuple[str | None, str | None]:
    return schedule.from_time, schedule.until_time


def _holds_on(schedule: Schedule, weekday: Weekday) -> bool:
    return not schedule.weekdays or weekday in schedule.weekdays


def _boundaries(schedule: Schedule, now: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return every moment at which the schedule may change, from the day before `now`, or before it starts."""
    edges = [edge for edge in (schedule.starts_at, schedule.ends_at) if edge is not None]
    if not schedule.weekdays and _times(schedule) == (None, None):
        return edges
    first = now if schedule.starts_at is None else max(now, schedule.starts_at)
    start = first.astimezone(zone).date() - timedelta(days=1)
    days = [start + timedelta(days=ahead) for ahead in range(_DAYS_AHEAD + 2)]
    shown = {_MIDNIGHT, *_window(schedule)}
    edges += [_moment(day, clock, fold, zone) for day in days for clock in shown for fold in (0, 1)]
    for day, following in itertools.pairwise(days):
        edges += _clock_change(_moment(day, _MIDNIGHT, 0, zone), _moment(following, _MIDNIGHT, 0, zone), zone)
    return edges


def _moment(day: date, clock: time, fold: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock.replace(fold=fold), zone).astimezone(UTC)


def _clock_change(early: datetime, late: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return the moment between the two at which the clocks are put forward or back, to the second."""
    before, after = early.astimezone(zone).utcoffset(), late.astimezone(zone).utcoffset()
    if before == after:
        return []
    while late - early > timedelta(seconds=1):
        middle = (early + (late - early) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return [late]
