"""Exploration with exact propensities: every choice is drawn from probabilities that are computed and handed on.

What is logged is the law that was drawn from, so that off-policy estimates weigh by it without any error of ours.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv

_POINTS, _FEWEST = 2_048, 8  # so many quantiles of all arms together are visited, but of each at least so few


class Arms(NamedTuple):
    """What is known of the arms: float64 [n] each; Beta(successes + 1, failures + 1)."""

    successes: NDArray[np.float64]
    failures: NDArray[np.float64]


class Drawn(NamedTuple):
    """A slate. places: int32 [k]; propensities: float64 [k], of each place given those before it in the slate.

    Their product is the probability of the slate.
    """

    places: NDArray[np.int32]
    propensities: NDArray[np.float64]


def draw_epsilon(scores: NDArray[np.floating], k: int, *, epsilon: float, rng: np.random.Generator) -> Drawn:
    """Return a slate that at each place has the best of the rest, or, with chance `epsilon`, any of the rest.

    The best is by score, the lower place among equal ones. Any of m that are left has propensity epsilon / m, the best
    1 - epsilon more.
    """
    order = np.argsort(-scores, kind="stable").tolist()
    places: list[int] = []
    propensities: list[float] = []
    for _ in range(min(k, len(order))):
        left = len(order)
        chosen = int(rng.integers(left)) if rng.random() < epsilon else 0
        propensities.append(epsilon / left + (1.0 - epsilon if chosen == 0 else 0.0))
        places.append(order.pop(chosen))
    return Drawn(np.array(places, dtype=np.int32), np.array(propensities, dtype=np.float64))


def draw_thompson(arms: Arms, k: int, *, rng: np.random.Generator, floor: float = 0.0) -> Drawn:
    """Return a slate by Thompson sampling (1933): each next place with the probability that it is the best of the rest.

    With a `floor` any of m that are left has at least floor / m, which bounds the weights of an estimate.
    """
    below = _distributions(arms)
    left = np.arange(len(below))
    places: list[int] = []
    propensities: list[float] = []
    for _ in range(min(k, len(left))):
        chances = (1.0 - floor) * _best_of(below[left]) + floor / len(left)
        chosen = min(int(np.searchsorted(np.cumsum(chances), rng.random(), side="right")), len(left) - 1)
        propensities.append(float(chances[chosen]))
        places.append(int(left[chosen]))
        left = np.delete(left, chosen)
    return Drawn(np.array(places, dtype=np.int32), np.array(propensities, dtype=np.float64))


def best_chances(arms: Arms) -> NDArray[np.float64]:
    """Return the probability of each arm that its rate is the greatest, float64 [n], summing to 1.

    The integral of the product of the others' distributions over its own, on a grid of all arms' quantiles: good to
    about a thousandth. As choices are drawn from these very numbers, they are exact as propensities.
    """
    return _best_of(_distributions(arms))


def learn(arms: Arms, place: NDArray[np.int32], reward: NDArray[np.bool_], *, keep: float = 1.0) -> Arms:
    """Return the arms after outcomes; what was known before counts `keep` of what it did, so that change is noticed."""
    size = len(arms.successes)
    won, lost = (np.bincount(place[which], minlength=size) for which in (reward, ~reward))
    return Arms(arms.successes * keep + won, arms.failures * keep + lost)


def _distributions(arms: Arms) -> NDArray[np.float64]:
    """Return P(rate <= x) of each arm, float64 [n, m], at m common points from 0 to 1, dense where any arm is."""
    first, second = arms.successes[:, None] + 1.0, arms.failures[:, None] + 1.0
    if len(first) == 0:
        return np.empty((0, 2))
    nodes = max(_POINTS // len(first), _FEWEST)
    quantiles = (np.arange(nodes) + 0.5) / nodes
    points = np.unique(np.concatenate((np.array([0.0, 1.0]), betaincinv(first, second, quantiles[None, :]).ravel())))
    return np.asarray(betainc(first, second, points[None, :]), dtype=np.float64)


def _best_of(below: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(below) == 0:
        return np.empty(0, dtype=np.float64)
    middle = np.log(np.maximum((below[:, 1:] + below[:, :-1]) / 2.0, 1e-300))
    others = np.exp(middle.sum(axis=0, keepdims=True) - middle)
    chances = (np.diff(below, axis=1) * others).sum(axis=1)
    return np.asarray(chances / chances.sum(), dtype=np.float64)
