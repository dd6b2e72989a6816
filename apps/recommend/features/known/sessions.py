"""How far a shopper has come in the session under way, or in the last one."""

from apps.recommend.features.define import ShopperReading, StateDefinition
from apps.recommend.features.state import Touch


def newest_session(reading: ShopperReading) -> list[Touch]:
    """Return the touches of the newest touch's session, those taken back included; none where it names no session."""
    recent = reading.state.recent
    if not recent or not recent[-1].session:
        return []
    return [touch for touch in recent if touch.session == recent[-1].session]


def session_depth(reading: ShopperReading) -> float:
    """Return how many touches it has."""
    return float(len(newest_session(reading)))


def session_items(reading: ShopperReading) -> float:
    """Return with how many items."""
    return float(len({touch.item_id for touch in newest_session(reading)}))


DEFINED = (
    StateDefinition(
        name="session_depth",
        entity="session",
        type="count",
        description="Touches of the newest session, of the newest kept ones.",
        compute=session_depth,
    ),
    StateDefinition(
        name="session_items",
        entity="session",
        type="count",
        description="Different items that were touched in the newest session.",
        compute=session_items,
    ),
)
