"""Ranking metrics for one right answer a question, from places: how many candidates score better, how many the same.

Ties count as the mean over every order of the tied items (McSherry and Najork 2008), so a scorer that says nothing gets
what chance gets. `better` is -1 where the target is not offered at all: every metric is 0 there.
Metrics take `better` and `tied` as int64 [n] and return float64 [n]. `setmetrics` has those for several right answers.
"""

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Values = NDArray[np.float64]


def recall(better: Counts, tied: Counts, k: int) -> Values:
    """Return the chance that the target is among the first k; with one right answer also the hit rate."""
    return mean_gain(better, tied, np.ones(k))


def ndcg(better: Counts, tied: Counts, k: int) -> Values:
    """Return the mean of 1 / log2(rank + 1), 0 beyond k (Järvelin and Kekäläinen 2002)."""
    return mean_gain(better, tied, discounts(k))


def mrr(better: Counts, tied: Counts, k: int) -> Values:
    """Return the mean of 1 / rank, 0 beyond k; with one right answer also the average precision."""
    return mean_gain(better, tied, np.asarray(1.0 / (np.arange(k) + 1.0), dtype=np.float64))


def discounts(k: int) -> Values:
    """Return 1 / log2(rank + 1) of the ranks 1 to k."""
    return np.asarray(1.0 / np.log2(np.arange(k) + 2.0), dtype=np.float64)


def mean_gain(better: Counts, tied: Counts, gains: Values) -> Values:
    """Return the mean of float64 [k] gains by rank over the ranks that the target can have; beyond them it is 0."""
    k = len(gains)
    until = np.concatenate(([0.0], np.cumsum(gains)))
    offered = better >= 0
    first = np.minimum(np.where(offered, better, k), k)
    last = np.minimum(np.where(offered, better + tied + 1, k), k)
    return np.asarray((until[last] - until[first]) / np.where(offered, tied + 1, 1))


def mean_rank(better: Counts, tied: Counts) -> Values:
    """Return the mean rank of the target, the first being 1; infinite where it is not offered."""
    return np.where(better >= 0, better + tied / 2.0 + 1.0, np.inf)
