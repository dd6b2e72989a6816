"""Events into states and counts. Pure: the same events give the same in any order and any batches, once or many times.

The bounds of that promise: an event that comes again is known among the last `MARKS_KEPT` of its shopper; pairs follow
the order of time where a late event comes while its neighbours are among the recent touches.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from apps.recommend import conf
from apps.recommend.features import marks, seen, tallies, touches
from apps.recommend.features.counts import Adding
from apps.recommend.features.shopper import Group, Nobody, of_state, state_of
from apps.recommend.features.state import DAYS_KEPT, EMPTY, Changes, ShopperState, StateKey, Tally, Touch
from apps.tracking.contracts import TrackedEvent

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
    for group in found.values():
        if len(group) > 1:
            group.sort(key=_by_time)  # the newest last: what is appended costs least
    return found


def apply_events(before: Mapping[StateKey, ShopperState], events: Iterable[TrackedEvent], *, now: float) -> Changes:
    """Return what the events change in these states (an absent one is empty), `now` in seconds since 1970."""
    return apply_groups(before, by_state(events, now=now), now=now)


def apply_groups(before: Mapping[StateKey, ShopperState], groups: Mapping[StateKey, Group], *, now: float) -> Changes:
    """Return what the events change in these states; see `by_state`."""
    adding = Adding(now)
    states: dict[StateKey, ShopperState] = {}
    for key, group in groups.items():
        state = before.get(key, EMPTY)
        if group[0][2].shopper_id is None:
            nobody = Nobody(state.marks)
            if nobody.apply(key[0], group, adding):
                states[key] = ShopperState(marks=nobody.marks)
        else:
            shopper = of_state(state)
            if shopper.apply(key[0], group, adding):
                states[key] = state_of(shopper)
    return Changes(states, adding.amounts(), logged=adding.logged)


def merge_states(states: Sequence[ShopperState]) -> ShopperState:
    """Return one state for several ids of one person, to be read and not to be stored: it has no marks."""
    if not states:
        return EMPTY
    merged, *others = states
    for other in others:
        merged = _merge(merged, other)
    return merged


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
        seen=seen.together(one.seen, other.seen),
    )


def _joined(one: tuple[Touch, ...], other: tuple[Touch, ...], size: int) -> tuple[Touch, ...]:
    if not one or not other:
        return one or other
    by_mark = {touch.mark: touch for touch in (*one, *other)}
    return tuple(sorted(by_mark.values(), key=touches.order)[-size:])
