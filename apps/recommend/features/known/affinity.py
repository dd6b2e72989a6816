"""What a shopper leans to: shares of interest by category, brand, shape, colour and price band.

They are read from the touches and never stored, so that other weights, another price or another category act at once.
Touches with items that say something of health are no part of the personal ones; they make definitions of their own,
for which that consent is needed.
"""

from collections.abc import Callable

from apps.recommend import conf
from apps.recommend.features.define import HEALTH, ShopperReading, StateDefinition, faded
from apps.recommend.features.facts import Dimension

_WHAT: dict[Dimension, str] = {
    "category": "categories, those above their own included",
    "brand": "brands",
    "shape": "shapes",
    "colour": "colours (the family where it is known)",
    "price": "price bands, 1 (the cheapest fifth of the category) to 5",
}
_HEALTH: tuple[Dimension, ...] = ("category", "brand")


def shares_of(reading: ShopperReading, dimension: Dimension) -> dict[str, float]:
    """Return by key of the dimension the share of the faded, weighted touches that have it; keys in order."""
    shares: dict[str, float] = {}
    total = 0.0
    for touch in reading.touches:
        keys = reading.facts.keys(dimension, touch.item_id)
        amount = reading.weights.get(touch.type, 0.0) * faded(reading.now - touch.time, conf.INTEREST_HALF_LIFE)
        if not keys or amount <= 0.0:
            continue
        total += amount
        for key in keys:
            shares[key] = shares.get(key, 0.0) + amount
    return {key: shares[key] / total for key in sorted(shares)}


def _reader(dimension: Dimension) -> Callable[[ShopperReading], dict[str, float]]:
    def compute(reading: ShopperReading) -> dict[str, float]:
        return shares_of(reading, dimension)

    return compute


PERSONAL = tuple(
    StateDefinition(
        name=f"{dimension}_affinity",
        entity="shopper",
        type="weights",
        by=dimension,
        half_life=conf.INTEREST_HALF_LIFE,
        description=f"Share of interest by {what}: touches by weight of their event type and age.",
        compute=_reader(dimension),
    )
    for dimension, what in _WHAT.items()
)
CARE = tuple(
    StateDefinition(
        name=f"care_{dimension}_affinity",
        entity="shopper",
        type="weights",
        by=dimension,
        half_life=conf.INTEREST_HALF_LIFE,
        sensitivity="health",
        purpose=HEALTH,
        description=f"The same by {_WHAT[dimension]}, of contact lenses, their care, hearing, lens options, services.",
        compute=_reader(dimension),
    )
    for dimension in _HEALTH
)
DEFINED = (*PERSONAL, *CARE)
