"""Splits for evaluation: by the shopper's last items, and by time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Case:
    """One question of an evaluation: what was known, and what came next.

    weights: how much each place of the history says; None where all say the same
    """

    history: NDArray[np.int32]
    target: int
    weights: NDArray[np.float64] | None = None


def leave_last_out(
    sequence: NDArray[np.int32], item: NDArray[np.int32], *, trained_without: int = 2, tested: int = 1
) -> tuple[NDArray[np.bool_], list[Case]]:
    """Return which events may be learned from, and a case for each sequence longer than `trained_without`.

    The strict protocol: nothing is learned from the last `trained_without` events of any sequence; the target is the
    `tested`-th event from the end and the history is all before it. Events of a sequence lie together, oldest first.
    """
    lengths = np.bincount(sequence) if len(sequence) else np.empty(0, dtype=np.int64)
    lengths = lengths[lengths > 0]
    ends = np.cumsum(lengths)
    from_end = np.repeat(ends, lengths) - np.arange(len(item))
    cases = [
        Case(history=item[end - length : end - tested], target=int(item[end - tested]))
        for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)
        if length > trained_without
    ]
    return from_end > trained_without, cases


def split_by_time(
    sequence: NDArray[np.int32],
    item: NDArray[np.int32],
    time: NDArray[np.float64],
    *,
    share: float,
    earliest: float = -np.inf,
    weight: NDArray[np.float64] | None = None,
) -> tuple[float, list[Case]]:
    """Return the moment before the newest `share` of the events, and at most one case for each sequence that goes on.

    The moment is not before `earliest`. With `weight` a case has those of its history.

    The target is never learned from, when learning ends before that moment: it is at or after it. A sequence that goes
    across the moment is asked for its first item from then on that it did not hold before; the history is all before
    the moment. One that begins later is asked for its first item after at least one other; the history is all before
    the target. Events of a sequence lie together, oldest first.
    """
    if len(time) == 0:
        return float("inf"), []
    cut = max(float(np.quantile(time, 1.0 - share, method="higher")), earliest)
    places = np.arange(len(item))
    starts = np.flatnonzero(np.concatenate(([True], sequence[1:] != sequence[:-1])))
    ends = np.append(starts[1:], len(item))
    first_late = np.minimum.reduceat(np.where(time >= cut, places, len(item)), starts)
    other = item != np.repeat(item[starts], ends - starts)
    first_other = np.minimum.reduceat(np.where(other, places, len(item)), starts)
    cases: list[Case] = []
    for number in np.flatnonzero((first_late < ends) & (first_other < ends)).tolist():
        begin, late, end = int(starts[number]), int(first_late[number]), int(ends[number])
        until = late if late > begin else int(first_other[number])
        history = item[begin:until]
        held = set(history.tolist())
        target = next((fresh for fresh in item[until:end].tolist() if fresh not in held), None)
        if target is not None:
            weights = None if weight is None else weight[begin:until]
            cases.append(Case(history=history, target=target, weights=weights))
    return cut, cases
