"""Small sequences, and tables of pairs as matrices."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.covisitation import CovisitationParams
from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.ml.sequences import Sequences

PARAMS = CovisitationParams(window=3, gap_decay=0.5, backward=0.25, pause_hours=1.0, pause_factor=0.5)
# Of one event: sequence, item, weight, time.
Event = tuple[int, int, float, float]


def sequences_of(events: Sequence[Event]) -> Sequences:
    """Return the events, given in their order."""
    sequence, item, weight, time = zip(*events, strict=True) if events else ((), (), (), ())
    return Sequences(
        sequence=np.array(sequence, dtype=np.int32),
        item=np.array(item, dtype=np.int32),
        weight=np.array(weight, dtype=np.float64),
        time=np.array(time, dtype=np.float64),
    )


def random_events(seed: int, size: int, *, shoppers: int = 8, items: int = 12) -> Sequences:
    """Return events with runs, pauses and different weights."""
    chance = np.random.default_rng(seed)
    return Sequences(
        sequence=np.sort(chance.integers(0, shoppers, size)).astype(np.int32),
        item=chance.integers(0, items, size).astype(np.int32),
        weight=chance.choice([0.0, 1.0, 2.0, 3.0], size),
        time=np.cumsum(chance.exponential(2_000, size)),
    )


def matrix(counts: PairCounts) -> NDArray[np.float64]:
    """Return the table as a dense matrix, after checking that columns ascend in every row."""
    dense = np.zeros((len(counts.start), len(counts.start)))
    for row, (start, length) in enumerate(zip(counts.start, counts.length, strict=True)):
        columns = counts.indices[start : start + length]
        assert bool(np.all(np.diff(columns) > 0))
        dense[row, columns] = counts.counts[start : start + length]
    return dense
