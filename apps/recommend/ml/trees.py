"""Gradient-boosted trees as plain arrays: what scikit-learn fitted, without scikit-learn or a pickle."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from apps.recommend.ml.compiled import compiled
from apps.recommend.ml.tables import Rows, Weights, read_only


class Trees(NamedTuple):
    """A node of number i goes left where x[feature[i]] <= threshold[i]; a leaf has feature -1 and adds its value.

    root: int32 [t]; feature: int16, threshold: float64, left, right: int32, value: float32, all [nodes]
    """

    root: Rows
    feature: NDArray[np.int16]
    threshold: NDArray[np.float64]
    left: Rows
    right: Rows
    value: Weights


DTYPES = Trees("<i4", "<i2", "<f8", "<i4", "<i4", "<f4")  # type: ignore[arg-type]  # names of types, by field


def no_trees() -> Trees:
    """Return a ranker that says nothing of anything: the blend stays in order."""
    return Trees(*(read_only(np.empty(0, dtype=kind)) for kind in DTYPES))


def to_trees(model: HistGradientBoostingClassifier) -> Trees:
    """Return the trees of a fitted binary classifier, whose sum is its logit less its constant; pure arrays."""
    nodes = [predictors[0].nodes for predictors in model._predictors]  # noqa: SLF001 - the library shows them nowhere else
    sizes = np.array([len(found) for found in nodes], dtype=np.int64)
    offsets = np.cumsum(sizes) - sizes
    shift = np.repeat(offsets, sizes)
    joined = np.concatenate(nodes)
    leaf = joined["is_leaf"].astype(np.bool_)
    return Trees(
        root=read_only(offsets.astype(np.int32)),
        feature=read_only(np.where(leaf, -1, joined["feature_idx"]).astype(np.int16)),
        threshold=read_only(joined["num_threshold"].astype(np.float64)),
        left=read_only((joined["left"] + shift).astype(np.int32)),
        right=read_only((joined["right"] + shift).astype(np.int32)),
        value=read_only(joined["value"].astype(np.float32)),
    )


def check_trees(trees: Trees, width: int) -> str | None:
    """Return what is wrong with trees for lines of this width, None when they can be walked safely: every step leads
    onward to a node that is there."""
    size = len(trees.feature)
    if any(len(part) != size for part in trees[1:]):
        return "its parts are not of one length"
    if size == 0:
        return None if len(trees.root) == 0 else "it has roots and no nodes"
    inner = np.flatnonzero(trees.feature >= 0)
    onward = (trees.left[inner] > inner) & (trees.right[inner] > inner)
    inside = (trees.left[inner] < size) & (trees.right[inner] < size) & (trees.feature[inner] < width)
    if not (onward.all() and inside.all() and (trees.root >= 0).all() and (trees.root < size).all()):
        return "a node leads nowhere"
    return None


@compiled
def add_up(trees: Trees, lines: Weights, out: Weights) -> None:
    """Write the sum of the trees for each line (float32 [n, width]) to `out` (float32 [n])."""
    for at in range(len(lines)):
        total = 0.0
        for root in trees.root:
            node = root
            while trees.feature[node] >= 0:
                node = (
                    trees.left[node] if lines[at, trees.feature[node]] <= trees.threshold[node] else trees.right[node]
                )
            total += trees.value[node]
        out[at] = total
