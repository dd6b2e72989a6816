"""Numbers as the bins that they fall into, cut at quantiles: trees over bins are trees over numbers.

scikit-learn cuts by weighted quantiles where lines have weights, which costs more than all trees together; bins that it
is given it takes as they are.
"""

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.tables import Weights

_ENOUGH = 50_000  # lines from which quantiles are read; more of them move no edge that matters


def find_edges(lines: Weights, bins: int) -> list[Weights]:
    """Return for each column of float32 [n, width] at most bins - 1 ascending values that it takes: the inner edges."""
    step = max(len(lines) // _ENOUGH, 1)
    shares = np.linspace(0.0, 1.0, bins + 1)[1:-1]
    return [_edges(column, shares) for column in lines[::step].T]


def to_bins(lines: Weights, edges: list[Weights]) -> NDArray[np.uint8]:
    """Return uint8 [n, width]: how many edges of its column a number lies above. At most 256 bins."""
    found = np.empty(lines.shape, dtype=np.uint8)
    for column, inner in enumerate(edges):
        found[:, column] = np.searchsorted(inner, lines[:, column], side="left")
    return found


def _edges(column: Weights, shares: NDArray[np.float64]) -> Weights:
    values = np.unique(column)
    if len(values) > len(shares) + 1:
        # Of the values with an equal share below each, every one that is different.
        values = np.unique(np.quantile(column, shares, method="lower"))
        return values.astype(np.float32)
    return values[:-1].astype(np.float32)
