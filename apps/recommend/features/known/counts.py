"""How often: events by type, ever and faded by hour, day and week, of shoppers, items and placements.

A shopper's sums fade from second to second. Those of items and placements are kept in whole buckets of an hour or a
day, and fade from bucket to bucket: integers that are added up are the same in any order.
"""

from collections.abc import Callable
from datetime import timedelta

from apps.recommend.features.counts import DAYS_KEPT, HOURS_KEPT
from apps.recommend.features.define import (
    HALF_LIVES,
    CountDefinition,
    CountReading,
    Entity,
    ShopperReading,
    Span,
    StateDefinition,
    faded,
)
from apps.recommend.features.tallies import aged

_OF_SHOPPERS = ("view", "impression", "click", "add_to_cart", "purchase")
_OF_ENTITIES: dict[Entity, tuple[str, ...]] = {
    "item": ("view", "impression", "click", "add_to_cart", "purchase"),
    "placement": ("impression", "click"),
}
_PLURAL = {
    "view": "views",
    "impression": "impressions",
    "click": "clicks",
    "add_to_cart": "cart_adds",
    "purchase": "purchases",
    "return": "returns",
}


def ever(reading: ShopperReading, kind: str) -> float:
    """Return how many events of the type there ever were."""
    tally = reading.state.tallies.get(kind)
    return float(tally.count) if tally else 0.0


def faded_tally(reading: ShopperReading, kind: str, name: str) -> float:
    """Return the faded sum of the name (hour, day, week) as it stands now."""
    tally = reading.state.tallies.get(kind)
    if tally is None:
        return 0.0
    stands: float = getattr(aged(tally, reading.now), name)
    return stands


def faded_counts(reading: CountReading, span: Span, name: str) -> float:
    """Return the sum over the buckets, each faded by its age in whole buckets."""
    bucket = 3_600 if span.unit == "h" else 86_400
    half_life = HALF_LIVES[name]
    return sum(count * faded(age * bucket, half_life) for age, count in enumerate(reading.own[span]) if count)


def _span(entity: Entity, kind: str, name: str) -> Span:
    counted = f"{entity}.{kind}"
    return Span(counted, "h", HOURS_KEPT) if name == "hour" else Span(counted, "d", DAYS_KEPT)


def _ever(kind: str) -> Callable[[ShopperReading], float]:
    def compute(reading: ShopperReading) -> float:
        return ever(reading, kind)

    return compute


def _tally(kind: str, name: str) -> Callable[[ShopperReading], float]:
    def compute(reading: ShopperReading) -> float:
        return faded_tally(reading, kind, name)

    return compute


def _counts(span: Span, name: str) -> Callable[[CountReading], float]:
    def compute(reading: CountReading) -> float:
        return faded_counts(reading, span, name)

    return compute


def _of_entity(entity: Entity, kind: str, name: str) -> CountDefinition:
    span = _span(entity, kind, name)
    return CountDefinition(
        name=f"{entity}_{_PLURAL[kind]}_{name}",
        entity=entity,
        type="number",
        window=timedelta(seconds=span.length * (3_600 if span.unit == "h" else 86_400)),
        half_life=HALF_LIVES[name],
        description=f"Events of type {kind}, half after one {name}, in whole {'hours' if name == 'hour' else 'days'}.",
        spans=(span,),
        compute=_counts(span, name),
    )


DEFINED = (
    *(
        StateDefinition(
            name=f"{_PLURAL[kind]}_ever",
            entity="shopper",
            type="count",
            description=f"Events of type {kind} since the shopper is known.",
            compute=_ever(kind),
        )
        for kind in (*_OF_SHOPPERS, "return")
    ),
    *(
        StateDefinition(
            name=f"{_PLURAL[kind]}_{name}",
            entity="shopper",
            type="number",
            half_life=half_life,
            description=f"Events of type {kind}, half after one {name}.",
            compute=_tally(kind, name),
        )
        for kind in _OF_SHOPPERS
        for name, half_life in HALF_LIVES.items()
    ),
    *(
        _of_entity(entity, kind, name)
        for entity, kinds in _OF_ENTITIES.items()
        for kind in kinds
        for name in HALF_LIVES
    ),
)
