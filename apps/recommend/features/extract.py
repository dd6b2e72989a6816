"""Events into states and counts. Pure: the same events give the same in any order and any batches, once or many times.

The bounds of that promise: an event that comes again is known among the last `MARKS_KEPT` of its shopper; pairs follow
the order of time where a late event comes while its neighbours are among the recent touches.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from zlib import crc32

from apps.recommend import conf
from apps.recommend.features import counts, marks, pairs, tallies, touches
from apps.recommend.features.state import DAYS_KEPT, EMPTY, Changes, ShopperState, StateKey, Tally, Touch
from apps.tracking.contracts import TrackedEvent

# Events of one state with their time and mark.
Group = list[tuple[float, int, TrackedEvent]]
_OLDEST = conf.STATE_FOR.total_seconds()
_by_time = itemgetter(0, 1)


def by_state(events: Iterable[TrackedEvent], *, now: float) -> dict[StateKey, Group]:
    """Return the events by the state that they change; what is replayed or too old changes none."""
    found: dict[StateKey, Group] = {}
    horizon = now - _OLDEST
    for event in events:
        time = event.time.timestamp()
        if time < horizon or event.replay:
            continue
        event_id = event.event_id
        shopper_id = event.shopper_id
        key = marks.nobody(event.site_id, event_id) if shopper_id is None else (event.site_id, shopper_id)
        group = found.get(key)
        if group is None:
            found[key] = [(time, event_id.int & marks.MASK, event)]
        else:
            group.append((time, event_id.int & marks.MASK, event))
    return found


def apply_events(before: Mapping[StateKey, ShopperState], events: Iterable[TrackedEvent], *, now: float) -> Changes:
    """Return what the events change in these states (an absent one is empty), `now` in seconds since 1970."""
    return apply_groups(before, by_state(events, now=now), now=now)


def apply_groups(before: Mapping[StateKey, ShopperState], groups: Mapping[StateKey, Group], *, now: float) -> Changes:
    """Return what the events change in these states; see `by_state`."""
    adding = counts.Adding(now)
    states: dict[StateKey, ShopperState] = {}
    for key, group in groups.items():
        if len(group) > 1:
            group.sort(key=_by_time)  # the newest last: what is appended costs least
        state = before.get(key, EMPTY)
        nobody = group[0][2].shopper_id is None
        changed = _count_nobody(state, group, adding) if nobody else _Shopper(key[0], state, adding).apply(group)
        if changed is not None:
            states[key] = changed
    return Changes(states, adding.amounts())


def merge_states(states: Sequence[ShopperState]) -> ShopperState:
    """Return one state for several ids of one person, to be read and not to be stored: it has no marks."""
    if not states:
        return EMPTY
    merged, *others = states
    for other in others:
        merged = _merge(merged, other)
    return merged


def _count_nobody(state: ShopperState, group: Group, adding: counts.Adding) -> ShopperState | None:
    """Count events without a shopper; their state knows them and nothing else."""
    kept = state.marks
    for time, mark, event in group:
        packed = mark.to_bytes(marks.WIDTH, "big")
        if not marks.known(kept, packed):
            kept += packed
            if event.type in counts.COUNTED_TYPES:
                adding.count(event.site_id, event.type, time, event.item_id, event.placement)
    return None if kept is state.marks else ShopperState(marks=marks.newest(kept))


class _Shopper:
    """A state that is being changed."""

    def __init__(self, site_id: str, state: ShopperState, adding: counts.Adding) -> None:
        self._site = site_id
        self._state = state
        self._adding = adding
        self._recent = list(state.recent)
        self._orders = state.orders
        self._dismissals = state.dismissals
        self._tallies = dict(state.tallies)
        self._days = dict(state.days)
        self._first = state.first
        self._last = state.last
        self._marks = state.marks

    def apply(self, group: Group) -> ShopperState | None:
        """Return the state with the events in it; None when it had them all."""
        for time, mark, event in group:
            packed = mark.to_bytes(marks.WIDTH, "big")
            if not marks.known(self._marks, packed) and not self._holds(time, mark):
                self._marks += packed
                self._count(time, event)
                if event.item_id is not None and event.type in touches.KEPT_TYPES:
                    self._touch(time, mark, event.item_id, event)
        if self._marks is self._state.marks:
            return None
        return ShopperState(
            tuple(self._recent),
            self._orders,
            self._dismissals,
            self._tallies,
            self._days,
            self._first,
            self._last,
            marks.newest(self._marks),
        )

    def _holds(self, time: float, mark: int) -> bool:
        """Return whether a window holds the event, though it is no longer among the marks."""
        if time > self._last:
            return False
        return any(touches.holds(window, time, mark) for window in (self._recent, self._orders, self._dismissals))

    def _count(self, time: float, event: TrackedEvent) -> None:
        kind = event.type
        self._tallies[kind] = tallies.add(self._tallies.get(kind, tallies.NONE), time)
        tallies.add_day(self._days, int(time // tallies.DAY))
        self._last = max(self._last, time)
        if not self._first or time < self._first:
            self._first = time
        if kind in counts.COUNTED_TYPES:
            self._adding.count(self._site, kind, time, event.item_id, event.placement)

    def _touch(self, time: float, mark: int, item_id: str, event: TrackedEvent) -> None:
        session = crc32(event.session_id.encode()) if event.session_id else 0
        touch = Touch(item_id, event.type, time, mark, session)
        if event.type in touches.DISMISSAL_TYPES:
            self._pair(touch)
            self._dismissals = _window(self._dismissals, touch, conf.DISMISSALS_KEPT)
        elif touches.is_sign(event.type, event.rating):
            self._pair(touch)
            touches.insert(self._recent, touch)
            if len(self._recent) > conf.RECENT_KEPT:
                del self._recent[0]
            if event.type in touches.ORDER_TYPES:
                self._orders = _window(self._orders, touch, conf.PURCHASES_KEPT)

    def _pair(self, touch: Touch) -> None:
        """Add what the touch changes in the pairs; the windows do not hold it yet."""
        recent, dismissals = self._recent, self._dismissals
        last = recent[-1] if recent else touch
        if not self._adding.keeps_pairs(max(touch.time, last.time)):
            return
        if not touches.order(touch) < touches.order(last) and touch.type in touches.ADDING_TYPES:
            if touch.session:
                self._adding.pair(self._site, pairs.of_newest(self._held_before(touch), touch))
        elif len(recent) < conf.RECENT_KEPT or touches.order(recent[0]) < touches.order(touch):
            self._adding.pair(self._site, pairs.caused_by(recent, dismissals, touch))

    def _held_before(self, touch: Touch) -> Iterable[Touch]:
        """Return the touches that hold before one that is the newest, newest first."""
        if not self._dismissals and touches.UNDONE_BY.keys().isdisjoint(self._tallies):
            return reversed(self._recent)  # nothing was ever taken back
        if touches.is_dismissed(touch, self._dismissals):
            return ()
        return reversed(touches.still_wanted(self._recent, self._dismissals))


def _window(kept: tuple[Touch, ...], touch: Touch, size: int) -> tuple[Touch, ...]:
    if not kept or touches.order(kept[-1]) < touches.order(touch):
        return (*kept, touch)[-size:]
    window = list(kept)
    touches.insert(window, touch)
    return tuple(window[-size:])


def _merge(one: ShopperState, other: ShopperState) -> ShopperState:
    kinds = one.tallies.keys() | other.tallies.keys()
    found: dict[str, Tally] = {
        kind: tallies.together(one.tallies.get(kind, tallies.NONE), other.tallies.get(kind, tallies.NONE))
        for kind in kinds
    }
    days = {day: one.days.get(day, 0) + other.days.get(day, 0) for day in one.days.keys() | other.days.keys()}
    firsts = [state.first for state in (one, other) if state.first]
    return ShopperState(
        recent=_joined(one.recent, other.recent, conf.RECENT_KEPT),
        orders=_joined(one.orders, other.orders, conf.PURCHASES_KEPT),
        dismissals=_joined(one.dismissals, other.dismissals, conf.DISMISSALS_KEPT),
        tallies=found,
        days=dict(sorted(days.items())[-DAYS_KEPT:]),
        first=min(firsts, default=0.0),
        last=max(one.last, other.last),
    )


def _joined(one: tuple[Touch, ...], other: tuple[Touch, ...], size: int) -> tuple[Touch, ...]:
    if not one or not other:
        return one or other
    by_mark = {touch.mark: touch for touch in (*one, *other)}
    return tuple(sorted(by_mark.values(), key=touches.order)[-size:])
