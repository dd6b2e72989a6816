"""What a shopper is used to paying, against what like items cost."""

from apps.recommend import conf
from apps.recommend.features.define import ShopperReading, StateDefinition, faded


def price_level(reading: ShopperReading) -> float | None:
    """Return the mean place in the price range of its category of what was looked at, by weight and age."""
    total = level = 0.0
    for touch in reading.touches:
        rank = reading.facts.price_rank(touch.item_id)
        if rank is None:
            continue
        amount = reading.weights.get(touch.type, 0.0) * faded(reading.now - touch.time, conf.INTEREST_HALF_LIFE)
        total += amount
        level += amount * rank
    return level / total if total > 0.0 else None


DEFINED = (
    StateDefinition(
        name="price_level",
        entity="shopper",
        type="share",
        half_life=conf.INTEREST_HALF_LIFE,
        description="Mean place of what was touched in the price range of its category: 0 the cheapest, 1 the dearest.",
        compute=price_level,
    ),
)
