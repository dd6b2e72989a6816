"""Calibration: scores as probabilities, and slates in the proportions of a shopper's own interests."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.isotonic import isotonic_regression

_STEPS = 100
_ENOUGH = 1e-10


class Curve(NamedTuple):
    """A monotone piecewise linear curve: at `score` (float64 [m], ascending) the probability is `chance` (float64)."""

    score: NDArray[np.float64]
    chance: NDArray[np.float64]


class Sigmoid(NamedTuple):
    """The curve 1 / (1 + exp(-(slope * score + intercept)))."""

    slope: float
    intercept: float


def fit_isotonic(score: NDArray[np.floating], hit: NDArray[np.bool_]) -> Curve:
    """Return the never falling curve nearest to the outcomes (Zadrozny and Elkan, 2002); empty without outcomes."""
    if len(score) == 0:
        return Curve(np.empty(0), np.empty(0))
    level, place, count = np.unique(score.astype(np.float64), return_inverse=True, return_counts=True)
    mean = np.bincount(place, weights=hit.astype(np.float64), minlength=len(level)) / count
    chance = isotonic_regression(mean, sample_weight=count.astype(np.float64), y_min=0.0, y_max=1.0)
    inner = np.ones(len(level), dtype=np.bool_)
    inner[1:-1] = (chance[1:-1] != chance[:-2]) | (chance[1:-1] != chance[2:])  # within a flat piece nothing is said
    return Curve(level[inner], np.asarray(chance[inner], dtype=np.float64))


def apply_curve(curve: Curve, score: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the probabilities, flat beyond the ends of the curve; 0.5 where the curve was made of nothing."""
    if len(curve.score) == 0:
        return np.full(len(score), 0.5, dtype=np.float32)
    return np.asarray(np.interp(score, curve.score, curve.chance), dtype=np.float32)


def fit_sigmoid(score: NDArray[np.floating], hit: NDArray[np.bool_]) -> Sigmoid:
    """Return the sigmoid of greatest likelihood with Platt's (1999) targets, by damped Newton steps (Lin et al., 2007).

    The targets are (hits + 1) / (hits + 2) and 1 / (misses + 2), so separable outcomes give no infinite slope.
    """
    hits = int(np.count_nonzero(hit))
    misses = len(hit) - hits
    target = np.where(hit, (hits + 1.0) / (hits + 2.0), 1.0 / (misses + 2.0))
    design = np.stack([score.astype(np.float64), np.ones(len(score))], axis=1)
    found = np.array([0.0, np.log((hits + 1.0) / (misses + 1.0))])
    loss = _loss(design @ found, target)
    for _ in range(_STEPS):
        chance = expit(design @ found)
        slope = design.T @ (chance - target)
        curve = (design * (chance * (1.0 - chance))[:, None]).T @ design + 1e-12 * np.eye(2)
        step = np.linalg.solve(curve, slope)
        before = loss
        found, loss = _shorter(design, target, found, step, before)
        if before - loss <= _ENOUGH * (1.0 + before):
            break
    return Sigmoid(slope=float(found[0]), intercept=float(found[1]))


def apply_sigmoid(sigmoid: Sigmoid, score: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the probabilities."""
    return np.asarray(expit(sigmoid.slope * score + sigmoid.intercept), dtype=np.float32)


def choose_calibrated(
    relevance: NDArray[np.floating],
    groups: NDArray[np.floating],
    wanted: NDArray[np.floating],
    k: int,
    *,
    trade_off: float = 0.5,
    smoothing: float = 0.01,
) -> NDArray[np.int32]:
    """Return at most k places of candidates, so that the slate's shares of groups near those wanted (Steck, 2018).

    groups: float [n, g], how much of each candidate belongs to each group, rows summing to 1; wanted: float [g], the
    shopper's shares. Greedy on (1 - trade_off) * sum of relevance - trade_off * KL(wanted || slate), where the slate's
    shares hold `smoothing` of those wanted; ties go to the lower place.
    """
    size = len(relevance)
    free = np.ones(size, dtype=np.bool_)
    held = np.zeros(groups.shape[1])
    chosen: list[int] = []
    asked = np.flatnonzero(wanted > 0)
    for number in range(1, min(k, size) + 1):
        shares = (held[asked] + groups[:, asked]) / number
        mixed = (1.0 - smoothing) * shares + smoothing * wanted[asked]
        divergence = (wanted[asked] * np.log(wanted[asked] / mixed)).sum(axis=1)
        value = (1.0 - trade_off) * relevance - trade_off * divergence
        place = int(np.where(free, value, -np.inf).argmax())
        free[place] = False
        held = held + groups[place]
        chosen.append(place)
    return np.array(chosen, dtype=np.int32)


def _loss(logit: NDArray[np.float64], target: NDArray[np.float64]) -> float:
    return float((np.logaddexp(0.0, logit) - target * logit).sum())


def _shorter(
    design: NDArray[np.float64],
    target: NDArray[np.float64],
    found: NDArray[np.float64],
    step: NDArray[np.float64],
    loss: float,
) -> tuple[NDArray[np.float64], float]:
    """Return the point after the step, halved until the loss falls, and its loss; the same point where none helps."""
    for _ in range(30):
        tried = found - step
        reached = _loss(design @ tried, target)
        if reached < loss:
            return tried, reached
        step = step / 2.0
    return found, loss
