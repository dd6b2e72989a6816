"""What the feature store keeps: a state for each shopper, and counts for what many shoppers share.

A state is changed by reading, applying and writing it; counts are only ever added to. Both are functions of the *set*
of events: neither the order of arrival nor a repetition changes them (within `MARKS_KEPT` events of a shopper, and for
windows that are full within their oldest touch).
"""

from uuid import UUID

import msgspec

StateKey = tuple[str, UUID]  # site and shopper
# Site, name of the count, bucket: ("uk", "item.view", "h490123") counts views by item in that hour since 1970 UTC,
# ("uk", "pairs", "d20414:frame-7") what followed frame-7 on that day. The fields are what is counted: item ids,
# placements.
CountKey = tuple[str, str, str]

MARKS_KEPT = 128
DAYS_KEPT = 64


class Touch(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One event of a shopper with one item.

    time: seconds since 1970 UTC
    mark: the last 8 bytes of the event id as an unsigned number; in a state it stands for the event
    session: checksum (CRC-32) of the session id; 0 where there is none
    """

    item_id: str
    type: str
    time: float
    mark: int
    session: int = 0


class Tally(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Events of one type: how many ever, and decayed sums as they stood at `at` (the newest event's time).

    hour, day, week: sums of 2 ** -(age / half-life) with the half-life of that name
    """

    count: int = 0
    hour: float = 0.0
    day: float = 0.0
    week: float = 0.0
    at: float = 0.0


class ShopperState(msgspec.Struct, frozen=True, array_like=True):
    """Three windows of touches, each oldest first; tallies by event type; active days; what was counted already.

    days: events by day since 1970 (UTC), the newest DAYS_KEPT
    first, last: times of the oldest and the newest event, 0 where there is none
    marks: of the events counted last (any type), in order of arrival, 8 bytes each, at most MARKS_KEPT
    seen: by day since 1970 (UTC), how often each item was shown, see `seen`
    """

    recent: tuple[Touch, ...] = ()
    orders: tuple[Touch, ...] = ()
    dismissals: tuple[Touch, ...] = ()
    tallies: dict[str, Tally] = {}
    days: dict[int, int] = {}
    first: float = 0.0
    last: float = 0.0
    marks: bytes = b""
    seen: dict[int, dict[str, int]] = {}


EMPTY = ShopperState()


class Changes(msgspec.Struct):
    """What a batch of events changes: whole states, and amounts to add to counts.

    packed: states that are packed (msgpack) already, for a writer that keeps them so
    logged: by site what goes into its touch log: the shopper's id as bytes and the touch
    """

    states: dict[StateKey, ShopperState] = {}
    counts: dict[CountKey, dict[str, int]] = {}
    packed: dict[StateKey, bytes] = {}
    logged: dict[str, list[tuple[bytes, Touch]]] = {}
