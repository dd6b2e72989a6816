"""Gradient-boosted trees as plain arrays: scoring needs neither scikit-learn nor a pickle."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.compiled import compiled
from apps.recommend.ml.tables import Rows, Weights, read_only

LEAF = -1


class Trees(NamedTuple):
    """Nodes of each tree in preorder: a node goes on to the next where x[feature] <= number, to `right` otherwise.

    root: int32 [t]; feature: int16 [nodes], -1 for a leaf; number: float32 [nodes], threshold, or what a leaf adds;
    right: int32 [nodes], 0 for a leaf
    """

    root: Rows
    feature: NDArray[np.int16]
    number: Weights
    right: Rows


DTYPES = {"root": "<i4", "feature": "<i2", "number": "<f4", "right": "<i4"}


def no_trees() -> Trees:
    """Return a ranker that says nothing of anything: the blend stays in order."""
    return Trees(**{name: read_only(np.empty(0, dtype=kind)) for name, kind in DTYPES.items()})


def find_fault(trees: Trees, width: int) -> str | None:
    """Return what is wrong with trees for lines of this width; None when every step leads on to a node of its tree."""
    size = len(trees.feature)
    if not size == len(trees.number) == len(trees.right):
        return "its parts are not of one length"
    if size == 0:
        return None if len(trees.root) == 0 else "it has roots and no nodes"
    bounds = np.append(trees.root, size)
    if bounds[0] != 0 or (np.diff(bounds) <= 0).any():
        return "its roots are not in order"
    inner = np.flatnonzero(trees.feature != LEAF)
    end = np.repeat(bounds[1:], np.diff(bounds))[inner]
    leads_on = (trees.right[inner] > inner + 1) & (trees.right[inner] < end)
    known = (trees.feature[inner] >= 0) & (trees.feature[inner] < width)
    return None if (leads_on & known).all() else "a node leads nowhere"


@compiled
def add_up(trees: Trees, lines: Weights, out: Weights) -> None:
    """Write the sum of the trees for each line (float32 [n, width]) to `out` (float32 [n])."""
    totals = np.zeros(len(lines), np.float64)
    for root in trees.root:
        for at in range(len(lines)):
            node = root
            while trees.feature[node] >= 0:
                node = node + 1 if lines[at, trees.feature[node]] <= trees.number[node] else trees.right[node]
            totals[at] += trees.number[node]
    for at in range(len(lines)):
        out[at] = totals[at]
