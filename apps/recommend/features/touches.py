"""Which events leave which touches, where a touch stands in its window, and which touches still hold."""

from bisect import insort
from collections.abc import Sequence

from apps.recommend.features.state import Touch

# Which window keeps which type of event. Impressions say what we did, searches name no item.
RECENT_TYPES = frozenset({"view", "click", "add_to_cart", "remove_from_cart", "wishlist", "rate", "purchase", "return"})
ORDER_TYPES = frozenset({"purchase", "return"})
DISMISSAL_TYPES = frozenset({"dismiss"})
KEPT_TYPES = RECENT_TYPES | DISMISSAL_TYPES
UNDONE_BY = {"remove_from_cart": "add_to_cart", "return": "purchase"}
ADDING_TYPES = RECENT_TYPES - UNDONE_BY.keys()
_NEVER = (float("-inf"), 0)
POOR_RATING = 2.5  # a rating up to here is no sign of interest


def order(touch: Touch) -> tuple[float, int]:
    """Return what touches are ordered by: their time, then their mark, so that no two stand at the same place."""
    return touch.time, touch.mark


def is_sign(kind: str, rating: float | None) -> bool:
    """Return whether an event of this type is a sign of interest in its item, or takes one back."""
    if kind == "rate":
        return rating is None or rating > POOR_RATING
    return kind in RECENT_TYPES


def insert(window: list[Touch], touch: Touch) -> None:
    """Put the touch in its place among touches that are in order; the caller cuts the window to its size."""
    if not window or order(window[-1]) < order(touch):
        window.append(touch)
    else:
        insort(window, touch, key=order)


def holds(window: Sequence[Touch], time: float, mark: int) -> bool:
    """Return whether the window holds a touch with this mark; `time` is that of the event that it would be."""
    if not window or window[-1].time < time:
        return False
    return any(touch.mark == mark for touch in window)


def still_true(touches: Sequence[Touch]) -> list[Touch]:
    """Return the touches without the undoing ones, and each of these takes the latest earlier one that it undoes."""
    if UNDONE_BY.keys().isdisjoint([touch.type for touch in touches]):
        return list(touches)
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


def is_dismissed(touch: Touch, dismissals: Sequence[Touch]) -> bool:
    """Return whether the item was dismissed after the touch."""
    return any(one.item_id == touch.item_id and order(touch) < order(one) for one in dismissals)


def still_wanted(touches: Sequence[Touch], dismissals: Sequence[Touch]) -> list[Touch]:
    """Return the touches that hold: not undone, and their item not dismissed after them."""
    kept = still_true(touches)
    if not dismissals:
        return kept
    dismissed = {touch.item_id: order(touch) for touch in dismissals}
    return [touch for touch in kept if dismissed.get(touch.item_id, _NEVER) < order(touch)]
