"""What takes a season: popularity, conversion and returns of items, from the daily counts; computed every hour."""

from collections.abc import Mapping

from apps.recommend import conf
from apps.recommend.features.define import BatchDefinition, DailyReading, faded
from apps.recommend.features.known.rates import smoothed

_DAY = 86_400


def popularity(reading: DailyReading) -> dict[str, float]:
    """Return the weighted, faded events of each item, over those of the item that has most: 0 to 1."""
    first = reading.day - conf.BATCH_WINDOW.days
    found: dict[str, float] = {}
    for kind, items in reading.events.items():
        weight = reading.weights.get(kind, 0.0)
        if weight <= 0.0:
            continue
        for item, days in items.items():
            amount = sum(
                count * faded((reading.day - day) * _DAY, conf.POPULARITY_HALF_LIFE)
                for day, count in sorted(days.items())
                if day > first
            )
            found[item] = found.get(item, 0.0) + weight * amount
    most = max(found.values(), default=0.0)
    return {item: amount / most for item, amount in found.items() if amount > 0.0}


def conversion(reading: DailyReading) -> dict[str, float]:
    """Return purchases per view of each item that was viewed, drawn to those of the site."""
    return _rates(reading, success="purchase", trial="view", days=conf.BATCH_WINDOW.days)


def return_rate(reading: DailyReading) -> dict[str, float]:
    """Return returns per purchase of each item that was bought, drawn to those of the site."""
    return _rates(reading, success="return", trial="purchase", days=conf.RETURNS_WINDOW.days)


def _rates(reading: DailyReading, *, success: str, trial: str, days: int) -> dict[str, float]:
    first = reading.day - days
    successes, trials = (_sums(reading.events.get(kind, {}), first) for kind in (success, trial))
    everywhere = smoothed(sum(successes.values()), sum(trials.values()), mean=conf.USUAL_RATES[success], strength=1.0)
    return {
        item: smoothed(successes.get(item, 0), count, mean=everywhere, strength=conf.RATE_STRENGTH)
        for item, count in trials.items()
    }


def _sums(items: Mapping[str, Mapping[int, int]], first: int) -> dict[str, int]:
    sums = {item: sum(count for day, count in days.items() if day > first) for item, days in items.items()}
    return {item: count for item, count in sums.items() if count}


DEFINED = (
    BatchDefinition(
        name="popularity_90d",
        entity="item",
        type="share",
        window=conf.BATCH_WINDOW,
        half_life=conf.POPULARITY_HALF_LIFE,
        description="Events by weight of their type and age, over those of the most popular item.",
        compute=popularity,
    ),
    BatchDefinition(
        name="conversion_90d",
        entity="item",
        type="share",
        window=conf.BATCH_WINDOW,
        description="Events of type purchase per view, drawn towards the rate of the site (Beta prior).",
        compute=conversion,
    ),
    BatchDefinition(
        name="return_rate_180d",
        entity="item",
        type="share",
        window=conf.RETURNS_WINDOW,
        description="Events of type return per purchase, drawn towards the rate of the site (Beta prior).",
        compute=return_rate,
    ),
)
