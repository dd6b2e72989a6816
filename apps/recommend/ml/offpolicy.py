"""What another policy would have earned, from what was logged under the present one with known chances.

Arrays are float64 [n], one entry for each logged decision:
    reward: what came of it; chance: with which probability it was taken (the logged propensity), above 0
    wanted: with which probability the other policy would have taken it
    cluster: int32 [n], whose decision it was, where one shopper has several: they are not independent
Intervals are those of a mean of independent terms (of clusters), by the estimator's influence function and Student's t.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from apps.recommend.ml.intervals import Interval

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Logged:
    """Decisions as logged, and with which probability another policy would have taken each."""

    reward: Values
    chance: Values
    wanted: Values
    cluster: NDArray[np.int32] | None = None

    @property
    def weights(self) -> Values:
        """Return how much more often the other policy takes each decision."""
        return np.asarray(self.wanted / self.chance)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the other policy earns a decision, and what it rests on.

    effective: of how many decisions' worth the weights are (Kish 1965); where it is a small part of all, the policies
        differ too much for the log to say anything
    """

    interval: Interval
    effective: float


def ips(logged: Logged, *, level: float = 0.95) -> Estimate:
    """Return inverse propensity scoring (Horvitz and Thompson 1952): the mean of weight x reward. Unbiased.

    Raises ValueError for logs that cannot be used, naming what is wrong.
    """
    _check(logged)
    terms = logged.weights * logged.reward
    return _estimate(logged, float(terms.mean()), terms - terms.mean(), level)


def snips(logged: Logged, *, level: float = 0.95) -> Estimate:
    """Return self-normalised propensity scoring (Swaminathan and Joachims 2015): sum of weight x reward by weights.

    Slightly biased in small logs, and steadier: what is added to all rewards is added to the estimate. Raises as `ips`,
    and where the other policy takes none of the logged decisions.
    """
    _check(logged)
    weights = logged.weights
    if not weights.any():
        message = "the other policy takes none of the logged decisions, so they say nothing of it"
        raise ValueError(message)
    value = float((weights * logged.reward).sum() / weights.sum())
    return _estimate(logged, value, weights * (logged.reward - value) / weights.mean(), level)


def doubly_robust(logged: Logged, predicted: Values, expected: Values, *, level: float = 0.95) -> Estimate:
    """Return the doubly robust estimate (Dudík and others 2011): right where the chances or the predictions are.

    predicted: the reward that a model foretells of the logged decision; expected: what it foretells of the other
    policy's, the mean over its decisions. The model must not have learned from the decision it is asked about
    (cross-fitting), or the interval is too narrow. Raises as `ips`.
    """
    _check(logged)
    for name, values in (("predicted", predicted), ("expected", expected)):
        _check_values(name, values, len(logged.reward))
    terms = expected + logged.weights * (logged.reward - predicted)
    return _estimate(logged, float(terms.mean()), terms - terms.mean(), level)


def _estimate(logged: Logged, value: float, influence: Values, level: float) -> Estimate:
    half = _half_width(influence, logged.cluster, level)
    weights = logged.weights
    squares = float((weights**2).sum())
    effective = float(weights.sum()) ** 2 / squares if squares > 0 else 0.0
    return Estimate(Interval(value - half, value, value + half), effective)


def _half_width(influence: Values, cluster: NDArray[np.int32] | None, level: float) -> float:
    if not 0.0 < level < 1.0:
        message = f"level {level} is not between 0 and 1"
        raise ValueError(message)
    terms = influence
    if cluster is not None:
        _, number = np.unique(cluster, return_inverse=True)
        terms = np.bincount(number, weights=influence).astype(np.float64)
    count = len(terms)
    if count == 1:
        return float("inf")
    variance = float((terms**2).sum()) * count / (count - 1) / len(influence) ** 2
    return float(stats.t.ppf((1.0 + level) / 2.0, count - 1)) * float(np.sqrt(variance))


def _check(logged: Logged) -> None:
    count = len(logged.reward)
    if count == 0:
        message = "no logged decisions: nothing can be estimated"
        raise ValueError(message)
    for name, values in (("reward", logged.reward), ("chance", logged.chance), ("wanted", logged.wanted)):
        _check_values(name, values, count)
    if logged.cluster is not None and len(logged.cluster) != count:
        message = f"{len(logged.cluster)} clusters for {count} decisions"
        raise ValueError(message)
    if (logged.chance <= 0.0).any() or (logged.chance > 1.0).any():
        message = "a chance is not above 0 and at most 1: such a decision was not logged with its propensity"
        raise ValueError(message)
    if (logged.wanted < 0.0).any() or (logged.wanted > 1.0).any():
        message = "a wanted probability is not between 0 and 1"
        raise ValueError(message)


def _check_values(name: str, values: Values, count: int) -> None:
    if len(values) != count:
        message = f"{name} has {len(values)} entries for {count} decisions"
        raise ValueError(message)
    if not np.isfinite(values).all():
        message = f"an entry of {name} is not finite"
        raise ValueError(message)
