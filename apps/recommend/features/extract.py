"""Events into states. Pure: the same events give the same states in any order, once or many times."""

import heapq
from collections.abc import Iterable, Sequence
from uuid import UUID

from apps.recommend import conf
from apps.recommend.features.definitions import (
    DISMISSAL_TYPES,
    EMPTY,
    KEPT_TYPES,
    ORDER_TYPES,
    POOR_RATING,
    RECENT_TYPES,
    ShopperState,
    Touch,
)
from apps.tracking.contracts import TrackedEvent

StateKey = tuple[str, UUID]


def touches_of(events: Iterable[TrackedEvent]) -> dict[StateKey, list[Touch]]:
    """Return the touches by site and shopper; events that say nothing about a shopper's interest are left out."""
    found: dict[StateKey, list[Touch]] = {}
    for event in events:
        if event.shopper_id is None or event.item_id is None or not _counts(event):
            continue
        touch = Touch(event.item_id, event.type, event.time.timestamp(), event.event_id.bytes)
        found.setdefault((event.site_id, event.shopper_id), []).append(touch)
    return found


def apply_touches(state: ShopperState, touches: Sequence[Touch]) -> ShopperState:
    """Return the state with the touches in it."""
    return ShopperState(
        recent=_window(state.recent, touches, RECENT_TYPES, conf.RECENT_KEPT),
        orders=_window(state.orders, touches, ORDER_TYPES, conf.PURCHASES_KEPT),
        dismissals=_window(state.dismissals, touches, DISMISSAL_TYPES, conf.DISMISSALS_KEPT),
    )


def merge_states(states: Sequence[ShopperState]) -> ShopperState:
    """Return one state for several ids of one person."""
    if not states:
        return EMPTY
    merged, *others = states
    for other in others:
        merged = apply_touches(merged, (*other.recent, *other.orders, *other.dismissals))
    return merged


def _counts(event: TrackedEvent) -> bool:
    if event.type == "rate":
        return event.rating is None or event.rating > POOR_RATING
    return event.type in KEPT_TYPES


def _window(kept: tuple[Touch, ...], touches: Sequence[Touch], types: frozenset[str], size: int) -> tuple[Touch, ...]:
    added = [touch for touch in touches if touch.type in types]
    if not added:
        return kept
    # The event id alone makes an event; of two with one id the later time wins, whichever came first.
    by_id = {touch.event_id: touch for touch in sorted((*kept, *added), key=_order)}
    return tuple(sorted(heapq.nlargest(size, by_id.values(), key=_order), key=_order))


def _order(touch: Touch) -> tuple[float, bytes, str, str]:
    return touch.time, touch.event_id, touch.item_id, touch.type
