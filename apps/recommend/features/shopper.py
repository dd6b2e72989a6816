"""A shopper's state while events change it."""

from typing import Any
from zlib import crc32

import msgspec

from apps.recommend import conf
from apps.recommend.features import marks, pairs, seen, tallies, touches
from apps.recommend.features.counts import COUNTED_TYPES, Adding
from apps.recommend.features.state import ShopperState, Tally, Touch
from apps.recommend.features.windows import PackedWindow, PlainWindow, Window
from apps.tracking.contracts import TrackedEvent

# Events of one state with their time and mark, oldest first.
Group = list[tuple[float, int, TrackedEvent]]
_ENCODER = msgspec.msgpack.Encoder()


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    """A state as it is stored, its touches left packed."""

    recent: list[msgspec.Raw] = []
    orders: list[msgspec.Raw] = []
    dismissals: list[msgspec.Raw] = []
    tallies: dict[str, Tally] = {}
    days: dict[int, int] = {}
    first: float = 0.0
    last: float = 0.0
    marks: bytes = b""
    seen: dict[int, dict[str, int]] = {}


_STORED = msgspec.msgpack.Decoder(_Stored)
_NOTHING = _Stored()


class Shopper:
    """What is known of a shopper, on windows of either kind."""

    __slots__ = ("days", "dismissals", "first", "last", "marks", "orders", "recent", "seen", "tallies")

    def __init__(self, rest: Any, *, recent: Window, orders: Window, dismissals: Window) -> None:
        self.recent = recent
        self.orders = orders
        self.dismissals = dismissals
        self.tallies: dict[str, Tally] = dict(rest.tallies)
        self.days: dict[int, int] = dict(rest.days)
        self.first: float = rest.first
        self.last: float = rest.last
        self.marks: bytes = rest.marks
        self.seen: seen.Seen = {day: dict(items) for day, items in rest.seen.items()}

    def apply(self, site_id: str, group: Group, adding: Adding) -> bool:
        """Put the events in and return True; False when all of them were known."""
        before = self.marks
        for time, mark, event in group:
            packed = mark.to_bytes(marks.WIDTH, "big")
            if marks.known(self.marks, packed) or (time <= self.last and self._holds(time, mark)):
                continue
            self.marks += packed
            self._count(time, event.type)
            if event.type in COUNTED_TYPES:
                adding.count(site_id, event.type, time, event.item_id, event.placement)
            if event.item_id is None:
                continue
            if event.type == seen.SHOWN:
                seen.add(self.seen, int(time // seen.DAY), event.item_id)
            elif event.type in touches.KEPT_TYPES:
                self._touch(site_id, (time, mark), event, adding)
        changed = self.marks is not before
        if changed:
            self.marks = marks.newest(self.marks)
        return changed

    def _holds(self, time: float, mark: int) -> bool:
        """Return whether a window holds the event, though it is no longer among the marks."""
        return any(window.holds(time, mark) for window in (self.recent, self.orders, self.dismissals))

    def _count(self, time: float, kind: str) -> None:
        self.tallies[kind] = tallies.add(self.tallies.get(kind, tallies.NONE), time)
        tallies.add_day(self.days, int(time // tallies.DAY))
        self.last = max(self.last, time)
        if not self.first or time < self.first:
            self.first = time

    def _touch(self, site_id: str, place: tuple[float, int], event: TrackedEvent, adding: Adding) -> None:
        session = crc32(event.session_id.encode()) if event.session_id else 0
        touch = Touch(event.item_id or "", event.type, *place, session)
        if event.type in touches.DISMISSAL_TYPES:
            self._pair(site_id, touch, adding)
            self.dismissals.put(touch)
        elif touches.is_sign(event.type, event.rating):
            self._pair(site_id, touch, adding)
            self.recent.put(touch)
            adding.log(event, touch)
            if event.type in touches.ORDER_TYPES:
                self.orders.put(touch)

    def _pair(self, site_id: str, touch: Touch, adding: Adding) -> None:
        """Add what the touch changes in the pairs; the windows do not hold it yet."""
        recent = self.recent
        last = recent.last or touch
        if not adding.keeps_pairs(max(touch.time, last.time)):
            return
        if touch.type in touches.ADDING_TYPES and not touches.order(touch) < touches.order(last):
            if touch.session:
                adding.pair(site_id, pairs.of_newest(self._held_before(touch), touch))
        elif recent.takes(touch):
            adding.pair(site_id, pairs.caused_by(recent.touches(), self.dismissals.touches(), touch))

    def _held_before(self, touch: Touch) -> Any:
        """Return the touches that hold before one that is the newest, newest first."""
        if not len(self.dismissals) and touches.UNDONE_BY.keys().isdisjoint(self.tallies):
            return self.recent.newest_first()  # nothing was ever taken back
        dismissals = self.dismissals.touches()
        if touches.is_dismissed(touch, dismissals):
            return ()
        return reversed(touches.still_wanted(self.recent.touches(), dismissals))


class PackedShopper(Shopper):
    """The same on packed windows: for a writer that has many in hand."""

    __slots__ = ("_windows",)

    def __init__(self, raw: bytes | None) -> None:
        stored = _NOTHING if raw is None else _STORED.decode(raw)
        self._windows = (
            PackedWindow(stored.recent, conf.RECENT_KEPT),
            PackedWindow(stored.orders, conf.PURCHASES_KEPT),
            PackedWindow(stored.dismissals, conf.DISMISSALS_KEPT),
        )
        recent, orders, dismissals = self._windows
        super().__init__(stored, recent=recent, orders=orders, dismissals=dismissals)

    def packed(self) -> bytes:
        """Return the state as it is stored."""
        recent, orders, dismissals = self._windows
        rest = _ENCODER.encode((self.tallies, self.days, self.first, self.last, self.marks, self.seen))
        # An array of the windows and the rest: nine in all.
        return b"\x99" + recent.packed() + orders.packed() + dismissals.packed() + rest[1:]


class Nobody:
    """What is known of events without a shopper: which they were."""

    __slots__ = ("marks",)

    def __init__(self, kept: bytes) -> None:
        self.marks = kept

    def apply(self, site_id: str, group: Group, adding: Adding) -> bool:
        """Count the events and return True; False when all of them were known."""
        before = self.marks
        for time, mark, event in group:
            packed = mark.to_bytes(marks.WIDTH, "big")
            if not marks.known(self.marks, packed):
                self.marks += packed
                if event.type in COUNTED_TYPES:
                    adding.count(site_id, event.type, time, event.item_id, event.placement)
        changed = self.marks is not before
        if changed:
            self.marks = marks.newest(self.marks)
        return changed

    def packed(self) -> bytes:
        """Return the state as it is stored."""
        return _ENCODER.encode(ShopperState(marks=self.marks))


def of_packed(raw: bytes | None, group: Group) -> PackedShopper | Nobody:
    """Return whom the state belongs to whose events these are. Raises msgspec.MsgspecError for what is no state."""
    if group[0][2].shopper_id is None:
        return Nobody(b"" if raw is None else _STORED.decode(raw).marks)
    return PackedShopper(raw)


def of_state(state: ShopperState) -> Shopper:
    """Return the shopper of a state, to be changed."""
    return Shopper(
        state,
        recent=PlainWindow(state.recent, conf.RECENT_KEPT),
        orders=PlainWindow(state.orders, conf.PURCHASES_KEPT),
        dismissals=PlainWindow(state.dismissals, conf.DISMISSALS_KEPT),
    )


def state_of(shopper: Shopper) -> ShopperState:
    """Return the state of a shopper."""
    return ShopperState(
        recent=tuple(shopper.recent.touches()),
        orders=tuple(shopper.orders.touches()),
        dismissals=tuple(shopper.dismissals.touches()),
        tallies=shopper.tallies,
        days=shopper.days,
        first=shopper.first,
        last=shopper.last,
        marks=shopper.marks,
        seen=shopper.seen,
    )
