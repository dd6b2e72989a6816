"""How lately and how often a shopper comes."""

from collections.abc import Callable
from datetime import timedelta

from apps.recommend.features.define import ShopperReading, StateDefinition
from apps.recommend.features.state import DAYS_KEPT

_DAY = 86_400


def hours_since_last(reading: ShopperReading) -> float | None:
    """Return the hours since the newest event."""
    return _hours(reading.now - reading.state.last) if reading.state.last else None


def days_known(reading: ShopperReading) -> float | None:
    """Return the days since the oldest event."""
    return _hours(reading.now - reading.state.first) / 24.0 if reading.state.first else None


def active_days(reading: ShopperReading, length: int) -> float:
    """Return on how many of the newest days (UTC, today included) there was an event."""
    today = int(reading.now // _DAY)
    return float(sum(today - length < day <= today for day in reading.state.days))


def _hours(seconds: float) -> float:
    return max(seconds, 0.0) / 3_600.0


def _days_of(length: int) -> Callable[[ShopperReading], float]:
    def compute(reading: ShopperReading) -> float:
        return active_days(reading, length)

    return compute


DEFINED = (
    StateDefinition(
        name="hours_since_last",
        entity="shopper",
        type="number",
        description="Hours since the newest event of any type.",
        compute=hours_since_last,
    ),
    StateDefinition(
        name="days_known",
        entity="shopper",
        type="number",
        description="Days since the oldest event of any type.",
        compute=days_known,
    ),
    *(
        StateDefinition(
            name=f"active_days_{length}d",
            entity="shopper",
            type="count",
            window=timedelta(days=length),
            description=f"Days (UTC) with an event, of the newest {length}, today included.",
            compute=_days_of(length),
        )
        for length in (7, 30, DAYS_KEPT)
    ),
)
