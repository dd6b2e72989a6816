"""What is kept of a shopper, and what it means. The online consumer and the rebuild from the table share this code.

A state is three windows of raw touches. A window keeps the newest N distinct touches by (time, event id), so that it is
a function of the *set* of events: neither their order of arrival nor a repetition changes it. What a later touch undoes
(a return, a removal from the basket) is decided on reading.
"""

import msgspec

from apps.recommend import conf


class Touch(msgspec.Struct, frozen=True, array_like=True):
    """One event of a shopper with one item; `time` in seconds since 1970."""

    item_id: str
    type: str
    time: float
    event_id: bytes


class ShopperState(msgspec.Struct, frozen=True, array_like=True):
    """Three windows, each oldest first."""

    recent: tuple[Touch, ...] = ()
    orders: tuple[Touch, ...] = ()
    dismissals: tuple[Touch, ...] = ()


class History(msgspec.Struct, frozen=True):
    """What a state says at a moment: items of interest (oldest first, each once), bought, dismissed."""

    item_ids: tuple[str, ...] = ()
    bought: dict[str, float] = {}
    dismissed: frozenset[str] = frozenset()


EMPTY = ShopperState()
NO_HISTORY = History()

# Which window keeps which type of event. Impressions say what we did, searches name no item.
RECENT_TYPES = frozenset({"view", "click", "add_to_cart", "remove_from_cart", "wishlist", "rate", "purchase", "return"})
ORDER_TYPES = frozenset({"purchase", "return"})
DISMISSAL_TYPES = frozenset({"dismiss"})
KEPT_TYPES = RECENT_TYPES | DISMISSAL_TYPES
UNDONE_BY = {"remove_from_cart": "add_to_cart", "return": "purchase"}
POOR_RATING = 2.5  # a rating up to here is no sign of interest


def read_state(state: ShopperState, *, now: float) -> History:
    """Return what the state says at `now`: what was undone is left out, purchases end after their time."""
    horizon = now - conf.STATE_FOR.total_seconds()
    dismissed = {touch.item_id: touch.time for touch in state.dismissals}
    newest: dict[str, float] = {}
    for touch in _still_true(state.recent):
        newest.pop(touch.item_id, None)  # re-inserted below: the order is that of the latest touch
        newest[touch.item_id] = touch.time
    bought = {touch.item_id: touch.time for touch in _still_true(state.orders) if touch.time >= horizon}
    # Whoever comes back to an item after dismissing it has changed their mind.
    refused = frozenset(item for item, time in dismissed.items() if newest.get(item, -1.0) <= time)
    items = tuple(item for item in newest if item not in refused)
    return History(item_ids=items, bought=bought, dismissed=refused)


def _still_true(touches: tuple[Touch, ...]) -> list[Touch]:
    """Return the touches without the undoing ones, and each of these takes the latest earlier one that it undoes."""
    kept: list[Touch] = []
    for touch in touches:
        undone = UNDONE_BY.get(touch.type)
        if undone is None:
            kept.append(touch)
            continue
        for index in range(len(kept) - 1, -1, -1):
            if kept[index].item_id == touch.item_id and kept[index].type == undone:
                del kept[index]
                break
    return kept
