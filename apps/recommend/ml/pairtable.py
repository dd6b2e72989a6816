"""The table of directed pair counts, made of all sequences at once.

Nothing larger than the table itself is ever held: the events are ordered by item, and one row is summed at a time over
what lies near its events. Time grows with events times window, memory with the distinct pairs.
"""

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.compiled import compiled
from apps.recommend.ml.covisitation import CovisitationParams, collapse_repeats
from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.ml.sequences import Sequences

# Of the events: sequence, item, weight, time.
_Events = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]
# By what a pair is weighed: factor by step from 0 on, seconds of a pause, its factor, share of the other direction.
_Rule = tuple[NDArray[np.float64], float, float, float]
# Start of each row in the columns and counts, sums by row and by column: what is filled.
_Table = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]
_SECONDS_PER_HOUR = 3_600.0
# A row with more than every so manyth column is read in the order of columns; sorting a shorter one is faster.
_DENSE = 16


def count(sequences: Sequences, n_items: int, params: CovisitationParams) -> PairCounts:
    """Return the weighted counts of "column came after row", a share of the other direction added.

    Runs of one item count as one event, with the run's heaviest weight and its last time. The later event's weight
    counts, times `gap_decay` for each further step up to `window`, times `pause_factor` beyond `pause_hours`.
    Items are rows from 0 to n_items - 1. Pairs that count nothing are left out. Summed in float64.
    """
    events = collapse_repeats(sequences)
    arrays = (events.sequence, events.item, events.weight, events.time)
    rule = rule_of(params)
    order, bounds = _by_item(events.item, n_items)
    length = _lengths(order, bounds, arrays, rule)
    size = int(length.sum())
    start = np.cumsum(length, dtype=np.int64) - length
    table = (
        *(start, np.empty(size, dtype=np.int32), np.empty(size, dtype=np.float32)),
        *(np.zeros(n_items), np.zeros(n_items)),
    )
    _fill(order, bounds, arrays, rule, table)
    step_sum, step_count = _nearest(arrays, rule)
    _, indices, counts, row_sums, column_sums = table
    return PairCounts(start, length, indices, counts, row_sums, column_sums, step_sum, step_count)


def rule_of(params: CovisitationParams) -> _Rule:
    """Return by what a pair is weighed, as compiled loops take it."""
    decays = params.gap_decay ** np.arange(params.window, dtype=np.float64)
    return decays, params.pause_hours * _SECONDS_PER_HOUR, params.pause_factor, params.backward


@compiled
def _by_item(item: NDArray[np.int32], n_items: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the places of all events, those of one item together, and where each item's begin."""
    bounds = np.zeros(n_items + 1, dtype=np.int64)
    for place in range(len(item)):
        bounds[item[place] + 1] += 1
    for row in range(n_items):
        bounds[row + 1] += bounds[row]
    order = np.empty(len(item), dtype=np.int32)
    free = bounds[:-1].copy()
    for place in range(len(item)):
        order[free[item[place]]] = place
        free[item[place]] += 1
    return order, bounds


@compiled
def _value(events: _Events, earlier: int, later: int, rule: _Rule) -> float:
    """Return what two events of one sequence count in the order of time; 0 where their item is the same."""
    _, item, weight, time = events
    decays, pause, pause_factor, _ = rule
    if item[earlier] == item[later]:
        return 0.0
    value = weight[later] * decays[later - earlier - 1]
    return float(value * pause_factor if time[later] - time[earlier] > pause else value)


@compiled
def _add(sums: NDArray[np.float64], touched: NDArray[np.int32], found: int, column: int, value: float) -> int:
    """Add a value to a column and return how many columns are touched now."""
    if value == 0.0:
        return found
    if sums[column] == 0.0:
        touched[found] = column
        found += 1
    sums[column] += value
    return found


@compiled
def _sum_row(
    places: NDArray[np.int32], events: _Events, rule: _Rule, sums: NDArray[np.float64], touched: NDArray[np.int32]
) -> int:
    """Add what is near the events at the places to `sums`, by column, and return how many columns were touched."""
    sequence, item = events[0], events[1]
    reach, backward, found = len(rule[0]), rule[3], 0
    for place in places:
        own = sequence[place]
        for other in range(place + 1, min(place + reach + 1, len(item))):
            if sequence[other] != own:
                break
            found = _add(sums, touched, found, item[other], _value(events, place, other, rule))
        for other in range(place - 1, max(place - reach, 0) - 1, -1):
            if sequence[other] != own:
                break
            found = _add(sums, touched, found, item[other], _value(events, other, place, rule) * backward)
    return found


@compiled
def _lengths(order: NDArray[np.int32], bounds: NDArray[np.int64], events: _Events, rule: _Rule) -> NDArray[np.int32]:
    """Return how many columns each row has."""
    n_items = len(bounds) - 1
    length = np.zeros(n_items, dtype=np.int32)
    sums, touched = np.zeros(n_items), np.empty(n_items, dtype=np.int32)
    for row in range(n_items):
        length[row] = _sum_row(order[bounds[row] : bounds[row + 1]], events, rule, sums, touched)
        for column in touched[: length[row]]:
            sums[column] = 0.0
    return length


@compiled
def _fill(order: NDArray[np.int32], bounds: NDArray[np.int64], events: _Events, rule: _Rule, table: _Table) -> None:
    start, indices, counts, row_sums, column_sums = table
    n_items = len(bounds) - 1
    sums, touched = np.zeros(n_items), np.empty(n_items, dtype=np.int32)
    for row in range(n_items):
        found = _sum_row(order[bounds[row] : bounds[row + 1]], events, rule, sums, touched)
        own = indices[start[row] : start[row] + found]
        _columns_of(sums, touched[:found], own)
        for at in range(found):
            value = sums[own[at]]
            counts[start[row] + at] = value
            row_sums[row] += value
            column_sums[own[at]] += value
            sums[own[at]] = 0.0


@compiled
def _columns_of(sums: NDArray[np.float64], touched: NDArray[np.int32], into: NDArray[np.int32]) -> None:
    """Write the touched columns in ascending order."""
    if len(touched) * _DENSE < len(sums):
        into[:] = np.sort(touched)
        return
    found = 0
    for column in range(len(sums)):
        if sums[column] != 0.0:
            into[found] = column
            found += 1


@compiled
def _nearest(events: _Events, rule: _Rule) -> tuple[float, float]:
    """Return the sum and the number of the nearest pairs."""
    total, number = 0.0, 0.0
    for later in range(1, len(events[1])):
        if events[0][later] == events[0][later - 1]:
            total += _value(events, later - 1, later, rule)
            number += 1.0
    return total, number
