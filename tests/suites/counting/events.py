"""Events for the suite of counting, and the rules of counting said once more, as slowly and plainly as can be."""

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.covisitation import CovisitationParams
from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.ml.sequences import Sequences

_Event = tuple[int, int, float, float]  # sequence, item, weight, time


def events(*rows: _Event) -> Sequences:
    return Sequences(
        sequence=np.array([row[0] for row in rows], dtype=np.int32),
        item=np.array([row[1] for row in rows], dtype=np.int32),
        weight=np.array([row[2] for row in rows], dtype=np.float64),
        time=np.array([row[3] for row in rows], dtype=np.float64),
    )


def in_turn(*items: int) -> Sequences:
    """One sequence, a second between its events."""
    return events(*((0, item, 1.0, float(second)) for second, item in enumerate(items)))


def random_events(*, seed: int, count: int, sequences: int, items: int) -> Sequences:
    """Sequences with runs, pauses, equal times, events that say nothing, and a favourite item."""
    random = np.random.default_rng(seed)
    item = np.minimum(random.geometric(3 / items, count) - 1, items - 1)
    item[1:][random.random(count - 1) < 0.2] = item[0]
    return Sequences(
        sequence=np.sort(random.integers(0, sequences, count)).astype(np.int32),
        item=item.astype(np.int32),
        weight=random.choice([0.0, 0.5, 1.0, 3.0], count),
        time=np.cumsum(random.choice([0.0, 60.0, 50_000.0], count)),
    )


def dense(table: PairCounts) -> NDArray[np.float64]:
    n_items = len(table.length)
    found = np.zeros((n_items, n_items))
    for row in range(n_items):
        chosen = slice(table.start[row], table.start[row] + table.length[row])
        found[row, table.indices[chosen]] = table.counts[chosen]
    return found


def plainly(sequences: Sequences, n_items: int, params: CovisitationParams) -> NDArray[np.float64]:
    """What the table holds, from the definition."""
    found = np.zeros((n_items, n_items))
    for one in np.unique(sequences.sequence):
        runs = _runs(sequences, one)
        for later in range(len(runs)):
            for earlier in range(max(later - params.window, 0), later):
                _add(found, runs[earlier], runs[later], params, step=later - earlier)
    return found


def _runs(sequences: Sequences, one: int) -> list[tuple[int, float, float]]:
    runs: list[tuple[int, float, float]] = []
    for place in np.flatnonzero(sequences.sequence == one):
        item, weight, time = int(sequences.item[place]), sequences.weight[place], sequences.time[place]
        if runs and runs[-1][0] == item:
            runs[-1] = (item, max(runs[-1][1], weight), time)
        else:
            runs.append((item, weight, time))
    return runs


def _add(
    found: NDArray[np.float64],
    earlier: tuple[int, float, float],
    later: tuple[int, float, float],
    params: CovisitationParams,
    *,
    step: int,
) -> None:
    if earlier[0] == later[0]:
        return
    value = later[1] * params.gap_decay ** (step - 1)
    if later[2] - earlier[2] > params.pause_hours * 3_600:
        value *= params.pause_factor
    found[earlier[0], later[0]] += value
    found[later[0], earlier[0]] += value * params.backward
