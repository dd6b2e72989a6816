"""Which place each pin gets in one slate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from apps.recommend.rules.plan import Pin


@dataclass(frozen=True, slots=True)
class Placed:
    """Pins in their places: (position from 1, row, rule), by position; unshown: rules of which nothing can be shown."""

    places: tuple[tuple[int, int, str], ...]
    unshown: tuple[str, ...]


def place_pins(pins: Sequence[Pin], *, limit: int, may: Callable[[int], bool]) -> Placed:
    """Return who gets which of `limit` places; `may`: whether this request may show the row.

    Of two that want one place the first of `pins` gets it; the other gets the next place that nobody wanted, if there
    is one. An item that two want is in the slate once. A place beyond the slate is the request's doing, and no report.
    """
    slate = _Slate(limit, may)
    late: list[Pin] = []
    for pin in pins:
        if pin.position > limit:
            continue
        if pin.position in slate.taken:
            late.append(pin)
        else:
            slate.give(pin, pin.position)
    for pin in late:
        slate.give(pin, slate.next_free(pin.position))
    places = tuple((place, *slate.taken[place]) for place in sorted(slate.taken))
    return Placed(places=places, unshown=tuple(slate.unshown))


class _Slate:
    """The places of one slate while they are given out."""

    def __init__(self, limit: int, may: Callable[[int], bool]) -> None:
        self.taken: dict[int, tuple[int, str]] = {}
        self.unshown: list[str] = []
        self._limit, self._may = limit, may

    def next_free(self, place: int) -> int | None:
        return next((free for free in range(place, self._limit + 1) if free not in self.taken), None)

    def give(self, pin: Pin, place: int | None) -> None:
        """Give the place to the first row of the pin that is not in the slate yet; note where none of its rows is."""
        shown = {row for row, _ in self.taken.values()}
        allowed = [row for row in pin.rows if self._may(row)]
        row = next((row for row in allowed if row not in shown), None)
        if row is not None and place is not None:
            self.taken[place] = row, pin.rule
        elif shown.isdisjoint(allowed):
            self.unshown.append(pin.rule)
