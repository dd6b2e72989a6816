"""What is kept of a shopper, and what it means. The online consumer and the rebuild from the table share this code.

What a later touch undoes (a return, a removal from the basket) is decided on reading.
"""

import msgspec

from apps.recommend import conf
from apps.recommend.features import touches
from apps.recommend.features.state import ShopperState

UNDONE_BY = touches.UNDONE_BY
POOR_RATING = touches.POOR_RATING


class History(msgspec.Struct, frozen=True):
    """What a state says at a moment: items of interest (oldest first, each once), bought, dismissed."""

    item_ids: tuple[str, ...] = ()
    bought: dict[str, float] = {}
    dismissed: frozenset[str] = frozenset()


NO_HISTORY = History()


def read_state(state: ShopperState, *, now: float) -> History:
    """Return what the state says at `now`: what was undone is left out, purchases end after their time."""
    horizon = now - conf.STATE_FOR.total_seconds()
    dismissed = {touch.item_id: touch.time for touch in state.dismissals}
    newest: dict[str, float] = {}
    for touch in touches.still_true(state.recent):
        newest.pop(touch.item_id, None)  # re-inserted below: the order is that of the latest touch
        newest[touch.item_id] = touch.time
    bought = {touch.item_id: touch.time for touch in touches.still_true(state.orders) if touch.time >= horizon}
    # Whoever comes back to an item after dismissing it has changed their mind.
    refused = frozenset(item for item, time in dismissed.items() if newest.get(item, -1.0) <= time)
    items = tuple(item for item in newest if item not in refused)
    return History(item_ids=items, bought=bought, dismissed=refused)
