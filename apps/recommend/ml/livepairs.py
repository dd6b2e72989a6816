"""What changed sequences change in the counts of pairs: exactly what counting all anew would have changed.

A sequence is compared with what it was. Pairs that end before the first difference are the same in both, so only those
after it are counted, added for the new one and taken away for the old one; what both have cancels out.
"""

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.compiled import compiled
from apps.recommend.ml.covisitation import CovisitationParams, collapse_repeats
from apps.recommend.ml.paircounts import PairChange
from apps.recommend.ml.pairtable import rule_of
from apps.recommend.ml.sequences import Sequences

_Events = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]
_Rule = tuple[NDArray[np.float64], float, float, float]
_Pairs = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]
# A sum of values that were all taken away again is this small at most, beside the largest of them.
_ROUNDING = 1e-9


def changes_of(*, before: Sequences, after: Sequences, n_items: int, params: CovisitationParams) -> PairChange:
    """Return what is to be added to counts that hold `before`, so that they hold `after` instead.

    A number of a sequence means the same shopper in both; one that is missing in one of them is empty there. Each row
    and column comes once, in their order; what cancels out is left out.
    """
    old, new = collapse_repeats(before), collapse_repeats(after)
    count = 1 + max(int(events.sequence[-1]) if len(events.sequence) else -1 for events in (old, new))
    row, column, value, steps, number = _emit(_arrays(old), _arrays(new), count, rule_of(params))
    key, place = np.unique(row.astype(np.int64) * n_items + column, return_inverse=True)
    total = np.bincount(place, value, len(key)).astype(np.float64)
    size = np.bincount(place, np.abs(value), len(key))
    kept = np.abs(total) > size * _ROUNDING
    return PairChange(
        row=(key[kept] // n_items).astype(np.int32),
        column=(key[kept] % n_items).astype(np.int32),
        value=total[kept],
        step_sum=float(steps),
        step_count=float(number),
    )


def _arrays(events: Sequences) -> _Events:
    return events.sequence, events.item, events.weight, events.time


@compiled
def _emit(
    old: _Events, new: _Events, count: int, rule: _Rule
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], float, float]:
    """Return rows, columns, values, and what is added to the sum and the number of nearest pairs."""
    most = 2 * len(rule[0]) * (len(old[1]) + len(new[1]))
    pairs = (np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32), np.empty(most, dtype=np.float64))
    found, steps, number, left, right = 0, 0.0, 0.0, 0, 0
    for sequence in range(count):
        left_end, right_end = _end(old[0], left, sequence), _end(new[0], right, sequence)
        one, other = _part(old, left, left_end), _part(new, right, right_end)
        same = _same(one, other)
        found, old_steps = _put(one, same, (rule, -1.0), pairs, found)
        found, new_steps = _put(other, same, (rule, 1.0), pairs, found)
        steps += new_steps - old_steps
        number += max(len(other[1]) - 1, 0) - max(len(one[1]) - 1, 0)
        left, right = left_end, right_end
    return pairs[0][:found], pairs[1][:found], pairs[2][:found], steps, number


@compiled
def _end(sequences: NDArray[np.int32], start: int, sequence: int) -> int:
    end = start
    while end < len(sequences) and sequences[end] == sequence:
        end += 1
    return end


@compiled
def _part(events: _Events, start: int, end: int) -> _Events:
    return events[0][start:end], events[1][start:end], events[2][start:end], events[3][start:end]


@compiled
def _same(old: _Events, new: _Events) -> int:
    """Return with how many equal events both begin."""
    most, same = min(len(old[1]), len(new[1])), 0
    while same < most:
        if old[1][same] != new[1][same] or old[2][same] != new[2][same] or old[3][same] != new[3][same]:
            break
        same += 1
    return same


@compiled
def _put(events: _Events, same: int, signed: tuple[_Rule, float], pairs: _Pairs, found: int) -> tuple[int, float]:
    """Write the pairs that end behind the equal part; return how many are written, and what the nearest weigh."""
    _, item, weight, time = events
    (decays, pause, pause_factor, backward), sign = signed
    steps = 0.0
    for later in range(same, len(item)):
        for earlier in range(later - 1, max(later - len(decays), 0) - 1, -1):
            value = weight[later] * decays[later - earlier - 1]
            if time[later] - time[earlier] > pause:
                value *= pause_factor
            if earlier == later - 1:
                steps += value
            if item[earlier] != item[later] and value != 0.0:
                pairs[0][found], pairs[1][found], pairs[2][found] = item[earlier], item[later], sign * value
                pairs[0][found + 1], pairs[1][found + 1] = item[later], item[earlier]
                pairs[2][found + 1] = sign * value * backward
                found += 2
    return found, steps
