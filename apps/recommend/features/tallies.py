"""Tallies: how often, and how often lately. The decayed sums are those of the set of events, in whatever order."""

from math import exp2

from apps.recommend.features.state import DAYS_KEPT, Tally

HOUR = 3_600.0
DAY = 86_400.0
WEEK = 604_800.0
NONE = Tally()


def add(tally: Tally, time: float) -> Tally:
    """Return the tally with one more event, which may be older than those in it."""
    age = time - tally.at
    if not tally.count:
        return Tally(1, 1.0, 1.0, 1.0, time)
    if age < 0:
        return Tally(
            tally.count + 1,
            tally.hour + exp2(age / HOUR),
            tally.day + exp2(age / DAY),
            tally.week + exp2(age / WEEK),
            tally.at,
        )
    return Tally(
        tally.count + 1,
        tally.hour * exp2(-age / HOUR) + 1.0,
        tally.day * exp2(-age / DAY) + 1.0,
        tally.week * exp2(-age / WEEK) + 1.0,
        time,
    )


def aged(tally: Tally, now: float) -> Tally:
    """Return the tally with its sums as they stand at `now`, which is not before its newest event."""
    age = max(now - tally.at, 0.0)
    return Tally(
        tally.count,
        tally.hour * exp2(-age / HOUR),
        tally.day * exp2(-age / DAY),
        tally.week * exp2(-age / WEEK),
        max(now, tally.at),
    )


def together(one: Tally, other: Tally) -> Tally:
    """Return the tally of both sets of events, which share none."""
    if not one.count or not other.count:
        return one if one.count else other
    at = max(one.at, other.at)
    first, second = aged(one, at), aged(other, at)
    return Tally(
        first.count + second.count, first.hour + second.hour, first.day + second.day, first.week + second.week, at
    )


def add_day(days: dict[int, int], day: int) -> None:
    """Count one more event on the day, and forget the oldest day beyond those kept."""
    days[day] = days.get(day, 0) + 1
    if len(days) > DAYS_KEPT:
        del days[min(days)]
