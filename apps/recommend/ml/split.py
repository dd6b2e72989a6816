"""Splits for evaluation: by the shopper's last items, by time, and every prefix of a session.

Events of a sequence lie together, oldest first: `sequence` int32 [n], non-decreasing; `item` int32 [n].
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int32]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Case:
    """One question of an evaluation: what was known, and what came next.

    weights: how much each place of the history says; None where all say the same
    """

    history: Rows
    target: int
    weights: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class Questions:
    """Questions of an evaluation, flat: the history of question q is rows[indptr[q] : indptr[q + 1]], newest last.

    indptr: int64 [n + 1]; rows: int32 [m]; targets: int32 [n], what came next
    sequence: int32 [n], whose question each is: questions of one sequence resemble each other
    weights: float64 [m], how much each place of a history says; None where all say the same
    """

    indptr: Places
    rows: Rows
    targets: Rows
    sequence: Rows
    weights: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.targets)

    def __iter__(self) -> Iterator[Case]:
        """Yield them one by one."""
        for number, target in enumerate(self.targets.tolist()):
            part = slice(self.indptr[number], self.indptr[number + 1])
            yield Case(self.rows[part], target, None if self.weights is None else self.weights[part])

    @property
    def lengths(self) -> Places:
        """Return how long each history is, int64 [n]."""
        return np.diff(self.indptr)

    def take(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> "Questions":
        """Return the chosen ones in the given order."""
        starts, lengths = self.indptr[:-1][chosen], self.lengths[chosen]
        indptr, places = _runs(starts, lengths)
        weights = None if self.weights is None else self.weights[places]
        return Questions(indptr, self.rows[places], self.targets[chosen], self.sequence[chosen], weights)


def leave_last_out(
    sequence: Rows, item: Rows, *, trained_without: int = 2, tested: int = 1
) -> tuple[NDArray[np.bool_], Questions]:
    """Return which events may be learned from, and a question of each sequence longer than `trained_without`.

    The strict protocol: nothing is learned from the last `trained_without` events of any sequence; the target is the
    `tested`-th event from the end and the history is all before it. Raises ValueError where that would be learned from.
    """
    if not 1 <= tested <= trained_without:
        message = f"the {tested}. event from the end is learned from where only {trained_without} are left out"
        raise ValueError(message)
    starts, ends = _bounds(sequence)
    lengths = ends - starts
    from_end = np.repeat(ends, lengths) - np.arange(len(item))
    asked = lengths > trained_without
    questions = _ask(sequence, item, starts[asked], ends[asked] - tested)
    return from_end > trained_without, questions


def session_prefixes(sequence: Rows, item: Rows) -> Questions:
    """Return a question for every event but the first of each session; its history is all before it in the session."""
    starts, ends = _bounds(sequence)
    begin = np.repeat(starts, ends - starts)
    targets = np.flatnonzero(begin < np.arange(len(item)))
    return _ask(sequence, item, begin[targets], targets)


def ask_by_time(
    sequence: Rows,
    item: Rows,
    time: NDArray[np.float64],
    *,
    share: float,
    earliest: float = -np.inf,
    weight: NDArray[np.float64] | None = None,
) -> tuple[float, Questions]:
    """Return the moment before the newest `share` of the events, and at most one question of each sequence going on.

    The moment is not before `earliest`. With `weight` a question has those of its history.

    The target is never learned from, when learning ends before that moment: it is at or after it. A sequence that goes
    across the moment is asked for its first item from then on that it did not hold before; the history is all before
    the moment. One that begins later is asked for its first item after at least one other; the history is all before
    the target.
    """
    if len(time) == 0:
        return float("inf"), _ask(sequence, item, np.empty(0, np.int64), np.empty(0, np.int64))
    cut = max(float(np.quantile(time, 1.0 - share, method="higher")), earliest)
    places = np.arange(len(item))
    starts, ends = _bounds(sequence)
    first_late = np.minimum.reduceat(np.where(time >= cut, places, len(item)), starts)
    other = item != np.repeat(item[starts], ends - starts)
    first_other = np.minimum.reduceat(np.where(other, places, len(item)), starts)
    until = np.where(first_late > starts, first_late, first_other)
    fresh = (places >= np.repeat(until, ends - starts)) & ~_held(sequence, item, np.repeat(until, ends - starts))
    target = np.minimum.reduceat(np.where(fresh, places, len(item)), starts)
    asked = (first_late < ends) & (target < ends)
    return cut, _ask(sequence, item, starts[asked], target[asked], until=until[asked], weight=weight)


def _bounds(sequence: Rows) -> tuple[Places, Places]:
    """Return where each sequence begins and where it has ended."""
    if len(sequence) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    starts = np.flatnonzero(np.concatenate(([True], sequence[1:] != sequence[:-1])))
    return starts, np.append(starts[1:], len(sequence))


def _held(sequence: Rows, item: Rows, until: Places) -> NDArray[np.bool_]:
    """Return whether the item of each event occurs in its sequence before the place `until`."""
    order = np.lexsort((np.arange(len(item)), item, sequence))
    changes = (np.diff(sequence[order]) != 0) | (np.diff(item[order]) != 0)
    leader = np.maximum.accumulate(np.where(np.concatenate(([True], changes)), np.arange(len(order)), 0))
    first = np.empty(len(order), dtype=np.int64)
    first[order] = order[leader]
    return np.asarray(first < until)


def _ask(
    sequence: Rows,
    item: Rows,
    starts: Places,
    targets: Places,
    *,
    until: Places | None = None,
    weight: NDArray[np.float64] | None = None,
) -> Questions:
    """Return questions with the events from `starts` up to `until` (or the target) as history."""
    indptr, places = _runs(starts, (targets if until is None else until) - starts)
    weights = None if weight is None else weight[places]
    return Questions(indptr, item[places], item[targets], sequence[targets], weights)


def _runs(starts: Places, lengths: Places) -> tuple[Places, Places]:
    """Return int64 [n + 1] ends, and the places of all runs one after the other."""
    indptr = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    places = np.repeat(starts - indptr[:-1], lengths) + np.arange(indptr[-1])
    return indptr, places
