"""What a state says of a shopper's interest at a moment: the history that answers are made from.

A state holds raw touches. What a later one undoes (a return, a removal from the basket), what a poor word says and how
much an event of a type counts is decided here, on reading, so that it may change without a rebuild.
"""

from collections.abc import Mapping, Sequence

import msgspec

from apps.recommend import conf
from apps.recommend.features.state import ShopperState, Touch
from apps.recommend.features.touches import still_true


class History(msgspec.Struct, frozen=True):
    """Items of interest (oldest first, each once), bought, dismissed.

    weights: by item, how much the strongest of its touches says; empty where all count alike
    bought: by item, when it was bought last; orders: all purchases that hold, oldest first: item and time
    touched: by item of interest, when it was touched last
    seen: by day since 1970 (UTC), how often each item was shown
    """

    item_ids: tuple[str, ...] = ()
    bought: dict[str, float] = {}
    dismissed: frozenset[str] = frozenset()
    weights: dict[str, float] = {}
    orders: tuple[tuple[str, float], ...] = ()
    touched: dict[str, float] = {}
    seen: dict[int, dict[str, int]] = {}


NO_HISTORY = History()


def read_state(state: ShopperState, *, now: float, weights: Mapping[str, float] | None = None) -> History:
    """Return what the state says at `now`: what was undone is left out, purchases end after their time.

    weights: by event type, how much one says; touches of weight 0 are no history. None: all count alike
    """
    horizon = now - conf.STATE_FOR.total_seconds()
    touches = still_true(state.recent)
    newest = {touch.item_id: touch.time for touch in touches}
    # Whoever comes back to an item after dismissing it has changed their mind.
    dismissed = {touch.item_id: touch.time for touch in state.dismissals}
    refused = frozenset(item for item, time in dismissed.items() if newest.get(item, -1.0) <= time)
    orders = tuple([(touch.item_id, touch.time) for touch in still_true(state.orders) if touch.time >= horizon])
    items = _weighed(touches, refused, weights) if weights is not None else _in_order(touches, refused)
    return History(
        item_ids=tuple(items),
        bought=dict(orders),
        dismissed=refused,
        weights={} if weights is None else items,
        orders=orders,
        touched=newest,
        seen=state.seen,
    )


def _in_order(touches: Sequence[Touch], refused: frozenset[str]) -> dict[str, float]:
    """Return the items in order of their latest touch: taken out and put in again counts as put in last."""
    latest = dict.fromkeys([touch.item_id for touch in reversed(touches)], 1.0)
    for item in refused:
        latest.pop(item, None)
    return dict(reversed(latest.items()))


def _weighed(touches: Sequence[Touch], refused: frozenset[str], weights: Mapping[str, float]) -> dict[str, float]:
    """Return the weight of the strongest touch of each item, in order of the latest one that says anything."""
    items: dict[str, float] = {}
    for touch in touches:
        weight = weights.get(touch.type, 0.0)
        if weight > 0.0 and touch.item_id not in refused:
            before = items.pop(touch.item_id, 0.0)
            items[touch.item_id] = max(before, weight)
    return items
