"""Splits for evaluation: by the shopper's last items, and by time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Case:
    """One question of an evaluation: what was known, and what came next."""

    history: NDArray[np.int32]
    target: int


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
    sequence: NDArray[np.int32], item: NDArray[np.int32], time: NDArray[np.float64], *, share: float
) -> tuple[float, list[Case]]:
    """Return the moment before the newest `share` of the events, and a case for each sequence that goes across it.

    The target is the first item at or after that moment that the sequence did not hold before; the history is all
    before the moment. Sequences that begin later have no history and are no case.
    """
    if len(time) == 0:
        return float("inf"), []
    cut = float(np.quantile(time, 1.0 - share, method="higher"))
    late = time >= cut
    starts = np.flatnonzero(np.concatenate(([True], sequence[1:] != sequence[:-1])))
    ends = np.append(starts[1:], len(item))
    first_late = np.minimum.reduceat(np.where(late, np.arange(len(item)), len(item)), starts)
    cases: list[Case] = []
    for start, middle, end in zip(starts.tolist(), first_late.tolist(), ends.tolist(), strict=True):
        if start < middle < end:
            history = item[start:middle]
            fresh = item[middle:end][~np.isin(item[middle:end], history)]
            if len(fresh):
                cases.append(Case(history=history, target=int(fresh[0])))
    return cut, cases
