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


def difference(before: Sequence[Touch], after: Sequence[Touch]) -> list[tuple[Pair, int]]:
    """Return what to add for the step from some touches that hold to others; each oldest first."""
    sessions = {touch.session for touch in _unlike(before, after)} - {0}
    amounts: dict[Pair, int] = {}
    for session in sessions:
        old = [touch for touch in before if touch.session == session]
        new = [touch for touch in after if touch.session == session]
        start, rest = _first_unlike(old, new), _last_unlike(old, new)
        reached = _reach(new[len(new) - rest :])
        _add(amounts, new, (start, len(new) - rest + reached), 1)
        _add(amounts, old, (start, len(old) - rest + reached), -1)
    return [(pair, amount) for pair, amount in amounts.items() if amount]


def _add(amounts: dict[Pair, int], own: Sequence[Touch], span: tuple[int, int], sign: int) -> None:
    """Add the pairs of the touches of one session at these places with those before them."""
    for index in range(*span):
        for pair, weight in of_newest(reversed(own[:index]), own[index]):
            amounts[pair] = amounts.get(pair, 0) + sign * weight


def _unlike(before: Sequence[Touch], after: Sequence[Touch]) -> list[Touch]:
    """Return the touches between the ends that both have in common."""
    start, rest = _first_unlike(before, after), _last_unlike(before, after)
    return [*before[start : len(before) - rest], *after[start : len(after) - rest]]


def _first_unlike(before: Sequence[Touch], after: Sequence[Touch]) -> int:
    """Return how many touches both begin with."""
    shorter = min(len(before), len(after))
    return next((at for at in range(shorter) if before[at].mark != after[at].mark), shorter)


def _last_unlike(before: Sequence[Touch], after: Sequence[Touch]) -> int:
    """Return how many touches both end with, of those that they do not begin with."""
    most = min(len(before), len(after)) - _first_unlike(before, after)
    return next((at for at in range(most) if before[-1 - at].mark != after[-1 - at].mark), most)


def _reach(later: Sequence[Touch]) -> int:
    """Return how many of the touches may pair with one before them: with enough items between, none does any more."""
    between: set[str] = set()
    for at, touch in enumerate(later):
        if len(between) > len(WEIGHTS):  # one more than pair, as one of them may be its own
            return at
        between.add(touch.item_id)
    return len(later)


def caused_by(recent: Sequence[Touch], dismissals: Sequence[Touch], touch: Touch) -> list[tuple[Pair, int]]:
    """Return what to add for a touch that these windows do not hold yet, which may be a dismissal."""
    before = still_wanted(recent, dismissals)
    refuses = touch.type in DISMISSAL_TYPES
    window = list(dismissals if refuses else recent)
    insert(window, touch)
    after = still_wanted(recent, window) if refuses else still_wanted(window, dismissals)
    return difference(before, after)
