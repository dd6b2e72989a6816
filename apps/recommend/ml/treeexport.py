"""What scikit-learn fitted, as plain arrays. Training alone imports it: processes that answer need no scikit-learn."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from apps.recommend.ml.tables import Weights, read_only
from apps.recommend.ml.trees import LEAF, Trees


def to_trees(model: HistGradientBoostingClassifier) -> Trees:
    """Return the trees of a fitted binary classifier: their sum is its logit less its constant, exactly for float32.

    Thresholds are rounded down to float32: no float32 lies between them and what they were.
    """
    roots: list[int] = []
    features: list[int] = []
    numbers: list[np.ndarray] = []
    rights: list[np.ndarray] = []
    for predictors in model._predictors:  # noqa: SLF001 - the library shows them nowhere else
        nodes = predictors[0].nodes
        order = _preorder(nodes)
        place = np.empty(len(nodes), dtype=np.int64)
        place[order] = np.arange(len(nodes)) + len(features)
        sorted_nodes = nodes[order]
        leaf = sorted_nodes["is_leaf"].astype(np.bool_)
        roots.append(len(features))
        features.extend(np.where(leaf, LEAF, sorted_nodes["feature_idx"]).tolist())
        numbers.append(np.where(leaf, sorted_nodes["value"], _round_down(sorted_nodes["num_threshold"])))
        rights.append(np.where(leaf, 0, place[sorted_nodes["right"]]))
    return Trees(
        root=read_only(np.array(roots, dtype=np.int32)),
        feature=read_only(np.array(features, dtype=np.int16)),
        number=read_only(np.concatenate(numbers).astype(np.float32)),
        right=read_only(np.concatenate(rights).astype(np.int32)),
    )


def _round_down(thresholds: NDArray[np.float64]) -> Weights:
    nearest = thresholds.astype(np.float32)
    return np.where(nearest > thresholds, np.nextafter(nearest, np.float32(-np.inf)), nearest)


def _preorder(nodes: Any) -> NDArray[np.int64]:
    order, waiting = [], [0]
    while waiting:
        node = waiting.pop()
        order.append(node)
        if not nodes["is_leaf"][node]:
            waiting += [int(nodes["right"][node]), int(nodes["left"][node])]
    return np.array(order, dtype=np.int64)
