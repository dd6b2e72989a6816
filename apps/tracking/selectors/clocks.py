"""The days to look at for events of a period: a row lies under the day of the client's own, uncorrected time."""

from datetime import UTC, date, datetime, time, timedelta

# How far intake corrects a time at most (steps.clock.MAX_CORRECTION).
MAX_CORRECTION = timedelta(hours=24, minutes=5)


def days_between(since: datetime, until: datetime) -> tuple[date, date]:
    """Return the first and last `day` under which an event of these times may lie."""
    return (since.astimezone(UTC) - MAX_CORRECTION).date(), (until.astimezone(UTC) + MAX_CORRECTION).date()


def bounds(since: date, until: date) -> tuple[datetime, datetime]:
    """Return the moment at which the first day begins, and that at which the last one has ended."""
    start, end = (datetime.combine(day, time(), tzinfo=UTC) for day in (since, until))
    return start, end + timedelta(days=1)
