"""Counts of pairs that grow: each addition makes another immutable table, which shares what did not change.

A row that changes is written anew behind all others; who still reads the older table sees the row where it was. When
there is no more room behind, what is still used is copied together into a larger place, so that an addition costs what
it changes, and a copy of all comes the more seldom the larger the table is.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.compiled import compiled
from apps.recommend.ml.paircounts import PairChange, PairCounts

_ROOM = 0.5  # what a new place has beyond what is used, as a share of it
_LEAST_ROOM = 65_536
# Of a count from which all is taken away again this share of the last step may be left by rounding; a true rest is
# larger, as no factor of a pair is as small.
_ROUNDING = 1e-3
# Rows that change, where the pairs of each begin, their columns and what is added.
_Changed = tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]
# Where rows begin, columns and counts.
_Rows = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]
# Where rows begin, how long they are, columns and counts.
_Table = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]


def add(counts: PairCounts, change: PairChange) -> PairCounts:
    """Return the counts with the change added; for one addition, as it copies all. Many are for `Growing`."""
    return Growing(counts).add(change)


class Growing:
    """The one writer of a line of tables, each made of the one before it."""

    def __init__(self, counts: PairCounts) -> None:
        """Begin with these counts, which are copied at the first addition and not before."""
        self._latest = counts
        self._indices = np.empty(0, dtype=np.int32)
        self._counts = np.empty(0, dtype=np.float32)
        self._used = 0

    @property
    def latest(self) -> PairCounts:
        """Return the table with all that was added."""
        return self._latest

    def add(self, change: PairChange) -> PairCounts:
        """Return the table with the change added, whose pairs come once each, ordered by row and column.

        Tables that were returned before do not change. What falls to nothing is left out of its row.
        """
        if not len(change.row):
            if change.step_count or change.step_sum:
                self._latest = replace(
                    self._latest,
                    step_sum=self._latest.step_sum + change.step_sum,
                    step_count=self._latest.step_count + change.step_count,
                )
            return self._latest
        rows, first = np.unique(change.row, return_index=True)
        changed = (rows, np.append(first, len(change.row)), change.column, change.value)
        needed = int(self._latest.length[rows].sum()) + len(change.row)
        if self._used + needed > len(self._indices):
            self._move(needed)
        before = self._latest
        start, length = before.start.copy(), before.length.copy()
        self._used = _append(changed, (start, length, self._indices, self._counts), self._used)
        row_sums, column_sums = before.row_sums.copy(), before.column_sums.copy()
        np.add.at(row_sums, change.row, change.value)
        np.add.at(column_sums, change.column, change.value)
        self._latest = PairCounts(
            start=start,
            length=length,
            indices=self._indices[: self._used],
            counts=self._counts[: self._used],
            row_sums=row_sums,
            column_sums=column_sums,
            step_sum=before.step_sum + change.step_sum,
            step_count=before.step_count + change.step_count,
        )
        return self._latest

    def _move(self, needed: int) -> None:
        """Copy what is used together, into a place with room for this much more and some."""
        before = self._latest
        used = int(before.length.sum(dtype=np.int64))
        size = used + needed + max(int(used * _ROOM), _LEAST_ROOM)
        self._indices, self._counts = np.empty(size, dtype=np.int32), np.empty(size, dtype=np.float32)
        start = np.cumsum(before.length, dtype=np.int64) - before.length
        _copy(before.length, (before.start, before.indices, before.counts), (start, self._indices, self._counts))
        self._used = used
        self._latest = PairCounts(
            start=start,
            length=before.length,
            indices=self._indices[:used],
            counts=self._counts[:used],
            row_sums=before.row_sums,
            column_sums=before.column_sums,
            step_sum=before.step_sum,
            step_count=before.step_count,
        )


@compiled
def _copy(length: NDArray[np.int32], source: _Rows, target: _Rows) -> None:
    for row in range(len(length)):
        from_, to = source[0][row], target[0][row]
        target[1][to : to + length[row]] = source[1][from_ : from_ + length[row]]
        target[2][to : to + length[row]] = source[2][from_ : from_ + length[row]]


@compiled
def _append(changed: _Changed, table: _Table, used: int) -> int:
    """Write the changed rows behind what is used, and return what is used then."""
    start, length, indices, counts = table
    rows, bounds, columns, values = changed
    for number, row in enumerate(rows):
        first, at, left = used, start[row], start[row] + length[row]
        for place in range(bounds[number], bounds[number + 1]):
            while at < left and indices[at] < columns[place]:
                indices[used], counts[used] = indices[at], counts[at]
                used, at = used + 1, at + 1
            total = values[place]
            if at < left and indices[at] == columns[place]:
                total += counts[at]
                at += 1
            if abs(total) > abs(values[place]) * _ROUNDING:
                indices[used], counts[used] = columns[place], total
                used += 1
        while at < left:
            indices[used], counts[used] = indices[at], counts[at]
            used, at = used + 1, at + 1
        start[row], length[row] = first, used - first
    return used
