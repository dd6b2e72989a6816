"""Ranking metrics for one right answer a question. Ties count as the mean over every order of the tied items."""

import numpy as np
from numpy.typing import NDArray


def expected_recall(better: int, tied: int, k: int) -> float:
    """Return the chance that the target is among the first k: `better` items before it, `tied` others level with it."""
    return min(max((k - better) / (tied + 1), 0.0), 1.0)


def expected_ndcg(better: int, tied: int, k: int) -> float:
    """Return the mean of 1 / log2(rank + 1) over the ranks that the target can have, 0 beyond k."""
    ranks = np.arange(better, min(better + tied + 1, k))
    return float((1.0 / np.log2(ranks + 2.0)).sum() / (tied + 1))


def expected_mrr(better: int, tied: int, k: int) -> float:
    """Return the mean of 1 / rank over the ranks that the target can have, 0 beyond k."""
    ranks = np.arange(better, min(better + tied + 1, k))
    return float((1.0 / (ranks + 1.0)).sum() / (tied + 1))


def place_of(rows: NDArray[np.int32], scores: NDArray[np.float32], target: int) -> tuple[int, int] | None:
    """Return (better, tied) of the target in a scored list, None when the list does not hold it."""
    found = np.flatnonzero(rows == target)
    if len(found) == 0:
        return None
    score = scores[found[0]]
    return int(np.count_nonzero(scores > score)), int(np.count_nonzero(scores == score)) - 1
