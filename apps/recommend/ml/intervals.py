"""Bootstrap intervals of means over questions: how much of a figure, or of a difference of two, may be chance."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Clusters = NDArray[np.int32]


class Interval(NamedTuple):
    """A mean and the ends of the interval around it."""

    low: float
    mean: float
    high: float


def mean_interval(
    values: Values, *, seed: int, cluster: Clusters | None = None, repeats: int = 1000, level: float = 0.95
) -> Interval:
    """Return the mean of float64 [n] with its percentile bootstrap interval (Efron 1979); see `mean_intervals`."""
    return mean_intervals(values[:, None], seed=seed, cluster=cluster, repeats=repeats, level=level)[0]


def paired_difference(
    own: Values,
    theirs: Values,
    *,
    seed: int,
    cluster: Clusters | None = None,
    repeats: int = 1000,
    level: float = 0.95,
) -> Interval:
    """Return the mean of own - theirs over the same questions, float64 [n] each, with its interval.

    Paired: what makes a question hard for both cancels, so the interval is narrower than those of the two means say.
    Raises ValueError for different lengths, and what `mean_intervals` raises.
    """
    if len(own) != len(theirs):
        message = f"{len(own)} and {len(theirs)} values cannot be of the same questions"
        raise ValueError(message)
    return mean_interval(own - theirs, seed=seed, cluster=cluster, repeats=repeats, level=level)


def mean_intervals(
    values: Values, *, seed: int, cluster: Clusters | None = None, repeats: int = 1000, level: float = 0.95
) -> list[Interval]:
    """Return an interval for each column of float64 [n, m], all from the same resamples.

    cluster: int32 [n], whose question each is, 0 and up; then whole clusters are drawn, for questions of one shopper or
        session resemble each other and say less than as many of different ones
    Raises ValueError without questions, for values that are not finite, and for a level that is not between 0 and 1.
    """
    _check(values, cluster, level)
    sums, sizes = _by_cluster(values, cluster)
    drawn = _resampled_means(sums, sizes, seed=seed, repeats=repeats)
    ends = np.quantile(drawn, [(1.0 - level) / 2.0, (1.0 + level) / 2.0], axis=0)
    columns = zip(ends[0].tolist(), values.mean(axis=0).tolist(), ends[1].tolist(), strict=True)
    return [Interval(*column) for column in columns]


def _check(values: Values, cluster: Clusters | None, level: float) -> None:
    if len(values) == 0:
        message = "no questions: there is no mean of nothing"
        raise ValueError(message)
    if not np.isfinite(values).all():
        message = "a value is not finite, so its mean says nothing"
        raise ValueError(message)
    if cluster is not None and len(cluster) != len(values):
        message = f"{len(cluster)} clusters for {len(values)} questions"
        raise ValueError(message)
    if not 0.0 < level < 1.0:
        message = f"level {level} is not between 0 and 1"
        raise ValueError(message)


def _by_cluster(values: Values, cluster: Clusters | None) -> tuple[Values, Values]:
    """Return the sums of each cluster, float64 [g, m], and how many questions it has, float64 [g]."""
    if cluster is None:
        return values, np.ones(len(values))
    _, number = np.unique(cluster, return_inverse=True)
    sums: Values = np.column_stack([np.bincount(number, weights=column) for column in values.T]).astype(np.float64)
    return sums, np.bincount(number).astype(np.float64)


def _resampled_means(sums: Values, sizes: Values, *, seed: int, repeats: int) -> Values:
    """Return float64 [repeats, m]: the mean over as many clusters as there are, drawn with replacement."""
    draw = np.random.default_rng(seed)
    count = len(sizes)
    table = np.column_stack([sums, sizes])
    means = np.empty((repeats, sums.shape[1]))
    for repeat in range(repeats):  # one at a time: a table of all draws would be as large as questions times repeats
        times = np.bincount(draw.integers(count, size=count), minlength=count).astype(np.float64)
        total = np.einsum("i,ij->j", times, table)  # a product of matrices would start threads, which costs far more
        means[repeat] = total[:-1] / total[-1]
    return means
