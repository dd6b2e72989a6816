"""A set of marks of events that only ever grows: eight bytes each, where a set of Python's needs ten times as much."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

_LOOSE = 65_536  # of those that came last; the others lie in order


def find_in(ordered: NDArray[np.uint64], marks: Iterable[int]) -> set[int]:
    """Return which of the marks are in the ascending array."""
    asked = np.fromiter(marks, np.uint64)
    if not len(asked) or not len(ordered):
        return set()
    place = np.minimum(np.searchsorted(ordered, asked), len(ordered) - 1)
    return set(asked[ordered[place] == asked].tolist())


class MarkSet:
    """Marks, unsigned numbers of eight bytes."""

    def __init__(self) -> None:
        """Begin with none."""
        self._ordered = np.empty(0, dtype=np.uint64)
        self._loose: set[int] = set()

    def add(self, marks: Iterable[int]) -> None:
        """Add the marks; one that is there already stays once."""
        self._loose.update(marks)
        if len(self._loose) > _LOOSE:
            loose = np.fromiter(self._loose, np.uint64, len(self._loose))
            self._ordered, self._loose = np.union1d(self._ordered, loose), set()

    def among(self, marks: set[int]) -> set[int]:
        """Return which of the marks are there."""
        return (marks & self._loose) | find_in(self._ordered, marks)
