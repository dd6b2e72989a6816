"""Pairs: which item followed which in a session, as amounts to add to counts.

Each touch pairs with up to four earlier different items of its session, the nearest with the greatest weight. What is
added for an event is what the pairs are with it less what they were without it, so that a late one, an undoing one or a
dismissal leads to what the order of time would have led to, as long as the touches around it are in the window.
"""

from collections.abc import Iterable, Sequence

from apps.recommend.features.state import Touch
from apps.recommend.features.touches import DISMISSAL_TYPES, insert, still_wanted

WEIGHTS = (8, 4, 2, 1)
DAY = 86_400
# Day since 1970 (UTC) of the later touch, earlier item, later item.
Pair = tuple[int, str, str]


def of_newest(before: Iterable[Touch], touch: Touch) -> list[tuple[Pair, int]]:
    """Return the pairs of a touch with those before it, which are given newest first and all hold."""
    found: list[str] = []
    session, item_id = touch.session, touch.item_id
    for other in before:
        earlier = other.item_id
        if other.session == session and earlier != item_id and earlier not in found:
            found.append(earlier)
            if len(found) == len(WEIGHTS):
                break
    day = int(touch.time // DAY)
    return [((day, earlier, item_id), weight) for earlier, weight in zip(found, WEIGHTS, strict=False)]


def of_sessions(touches: Sequence[Touch], sessions: frozenset[int]) -> dict[Pair, int]:
    """Return all pairs of the sessions; the touches are oldest first and all hold."""
    amounts: dict[Pair, int] = {}
    for session in sessions:
        own = [touch for touch in touches if touch.session == session]
        for index, touch in enumerate(own):
            for pair, weight in of_newest(reversed(own[:index]), touch):
                amounts[pair] = amounts.get(pair, 0) + weight
    return amounts


def difference(before: Sequence[Touch], after: Sequence[Touch]) -> list[tuple[Pair, int]]:
    """Return what to add for the step from some touches that hold to others; each oldest first."""
    changed = {touch.mark: touch for touch in before}
    for touch in after:
        if touch.mark in changed:
            del changed[touch.mark]
        else:
            changed[touch.mark] = touch
    sessions = frozenset(touch.session for touch in changed.values()) - {0}
    old, new = of_sessions(before, sessions), of_sessions(after, sessions)
    amounts = [(pair, new.get(pair, 0) - old.get(pair, 0)) for pair in old.keys() | new.keys()]
    return [(pair, amount) for pair, amount in amounts if amount]


def caused_by(recent: Sequence[Touch], dismissals: Sequence[Touch], touch: Touch) -> list[tuple[Pair, int]]:
    """Return what to add for a touch that these windows do not hold yet, which may be a dismissal."""
    before = still_wanted(recent, dismissals)
    refuses = touch.type in DISMISSAL_TYPES
    window = list(dismissals if refuses else recent)
    insert(window, touch)
    after = still_wanted(recent, window) if refuses else still_wanted(window, dismissals)
    return difference(before, after)
