"""What a shopper did lately with which items: the history that answers are made from, as values."""

from apps.recommend import conf
from apps.recommend.features.define import ShopperReading, StateDefinition
from apps.recommend.features.history import read_state


def recent_items(reading: ShopperReading) -> dict[str, float]:
    """Return the items of the history, oldest first, with the weight of the strongest touch of each."""
    return dict(read_state(reading.state, now=reading.now, weights=reading.weights).weights)


def bought_items(reading: ShopperReading) -> dict[str, float]:
    """Return by item the days since it was bought last and not returned."""
    bought = read_state(reading.state, now=reading.now).bought
    return {item: max(reading.now - time, 0.0) / 86_400.0 for item, time in bought.items()}


def dismissed_items(reading: ShopperReading) -> dict[str, float]:
    """Return 1 for each item that was dismissed and not come back to."""
    return dict.fromkeys(sorted(read_state(reading.state, now=reading.now).dismissed), 1.0)


DEFINED = (
    StateDefinition(
        name="recent_items",
        entity="shopper",
        type="weights",
        by="item",
        window=conf.STATE_FOR,
        description=f"Items of the newest {conf.RECENT_KEPT} touches, oldest first, by weight of their strongest one.",
        compute=recent_items,
    ),
    StateDefinition(
        name="bought_items",
        entity="shopper",
        type="weights",
        by="item",
        window=conf.STATE_FOR,
        description="Days since an item was bought last; what was returned is left out.",
        compute=bought_items,
    ),
    StateDefinition(
        name="dismissed_items",
        entity="shopper",
        type="weights",
        by="item",
        window=conf.STATE_FOR,
        description="1 for what the shopper does not want to see.",
        compute=dismissed_items,
    ),
)
