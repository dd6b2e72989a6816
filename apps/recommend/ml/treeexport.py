"""What scikit-learn fitted, as plain arrays. Training alone imports it: processes that answer need no scikit-learn."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from apps.recommend.ml.tables import Weights, read_only
from apps.recommend.ml.trees import LEAF, Trees


def to_trees(model: HistGradientBoostingClassifier, edges: list[Weights]) -> Trees:
    """Return the trees of a binary classifier that was fitted on bins (see `bins`), as trees over the numbers.

    edges: the inner edges of the bins of each column, float32. The sum is the model's logit less its constant: a number
    is at most an edge exactly when its bin is at most the one below that edge.
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
        numbers.append(np.where(leaf, sorted_nodes["value"], _edges_of(sorted_nodes, leaf, edges)))
        rights.append(np.where(leaf, 0, place[sorted_nodes["right"]]))
    return Trees(
        root=read_only(np.array(roots, dtype=np.int32)),
        feature=read_only(np.array(features, dtype=np.int16)),
        number=read_only(np.concatenate(numbers).astype(np.float32)),
        right=read_only(np.concatenate(rights).astype(np.int32)),
    )


def _edges_of(nodes: Any, leaf: NDArray[np.bool_], edges: list[Weights]) -> Weights:
    """Return the edge at which each inner node parts: its threshold lies between two bins."""
    found = np.zeros(len(nodes), dtype=np.float32)
    for place in np.flatnonzero(~leaf).tolist():
        found[place] = edges[nodes["feature_idx"][place]][int(nodes["num_threshold"][place])]
    return found


def _preorder(nodes: Any) -> NDArray[np.int64]:
    order, waiting = [], [0]
    while waiting:
        node = waiting.pop()
        order.append(node)
        if not nodes["is_leaf"][node]:
            waiting += [int(nodes["right"][node]), int(nodes["left"][node])]
    return np.array(order, dtype=np.int64)
