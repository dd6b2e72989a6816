"""Which events were taken back by later ones: each undoing event takes the latest earlier one that still stands."""

import numpy as np
from numpy.typing import NDArray


def find_undone(group: NDArray[np.int64], step: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Return which events were undone by a later one of their group, events being in the order of time.

    step: 1 for an event that can be undone, -1 for one that undoes, 0 for any other. It is the matching of brackets:
    an undoing event with nothing left to undo is ignored, and on each level of depth opening and closing alternate.
    """
    undone = np.zeros(len(group), dtype=np.bool_)
    places = np.flatnonzero(step)
    places = places[np.argsort(group[places], kind="stable")]
    if not len(places):
        return undone
    number = np.cumsum(np.concatenate(([False], np.diff(group[places]) != 0)))
    signs = step[places].astype(np.int64)
    running = np.cumsum(signs)
    first = np.concatenate(([True], np.diff(number) != 0))
    height = running - (running - signs)[first][number]
    # Each group lies lower than all before it by more than its events can differ, so the minimum begins anew with it.
    apart = number * (2 * len(places) + 1)
    low = np.minimum.accumulate(np.minimum(height, 0) - apart) + apart
    before_low = np.where(first, 0, np.concatenate(([0], low[:-1])))
    ignored = (signs < 0) & (low < before_low)
    level = height - low + (signs < 0)
    chosen = np.flatnonzero(~ignored)
    chosen = chosen[np.lexsort((chosen, level[chosen], number[chosen]))]
    this, following = chosen[:-1], chosen[1:]
    paired = (number[this] == number[following]) & (level[this] == level[following])
    undone[places[this[paired & (signs[this] > 0) & (signs[following] < 0)]]] = True
    return undone
