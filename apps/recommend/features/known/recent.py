"""What a shopper did lately with which items: the history that answers are made from, as values.

Items that say something of health are named by definitions of their own, for which that consent is needed.
"""

from apps.recommend import conf
from apps.recommend.features.define import HEALTH, ShopperReading, StateDefinition
from apps.recommend.features.history import read_state


def recent_items(reading: ShopperReading) -> dict[str, float]:
    """Return the items of the history, oldest first, with the weight of the strongest touch of each."""
    found = read_state(reading.state, now=reading.now, weights=reading.weights).weights
    return {item: weight for item, weight in found.items() if reading.may_name(item)}


def bought_items(reading: ShopperReading) -> dict[str, float]:
    """Return by item the days since it was bought last and not returned."""
    bought = read_state(reading.state, now=reading.now).bought
    return {item: max(reading.now - time, 0.0) / 86_400.0 for item, time in bought.items() if reading.may_name(item)}


def dismissed_items(reading: ShopperReading) -> dict[str, float]:
    """Return 1 for each item that was dismissed and not come back to."""
    dismissed = read_state(reading.state, now=reading.now).dismissed
    return dict.fromkeys(sorted(filter(reading.may_name, dismissed)), 1.0)


PERSONAL = (
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
CARE = tuple(
    StateDefinition(
        name=f"care_{definition.name}",
        entity=definition.entity,
        type=definition.type,
        by=definition.by,
        window=definition.window,
        sensitivity="health",
        purpose=HEALTH,
        description=f"The same as {definition.name}, of contact lenses, their care, hearing, lens options, services.",
        compute=definition.compute,
    )
    for definition in PERSONAL
)
DEFINED = (*PERSONAL, *CARE)
