"""Ranking metrics for several right answers a question: what is in the next basket, what a user liked.

A question's right answers are places[indptr[q] : indptr[q + 1]]: each with how many other candidates (right ones among
them) score better, int64, -1 where it is not offered, and how many others the same. All return float64 [n], exact
expectations over every order of tied items; 0 for a question without right answers. With one right answer each equals
its namesake in `metrics`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml import metrics

Counts = NDArray[np.int64]
Values = NDArray[np.float64]


class Places(NamedTuple):
    """indptr: int64 [n + 1]; better, tied: int64 [m], of each right answer of each question."""

    indptr: Counts
    better: Counts
    tied: Counts


def recall(places: Places, k: int) -> Values:
    """Return the share of the right answers among the first k."""
    return _per(_sum(places, metrics.recall(places.better, places.tied, k)), np.diff(places.indptr))


def precision(places: Places, k: int) -> Values:
    """Return the share of right answers in the first k; a list that is shorter counts as filled with wrong ones."""
    return _sum(places, metrics.recall(places.better, places.tied, k)) / k


def ndcg(places: Places, k: int) -> Values:
    """Return the discounted gain against that of the best possible order (Järvelin and Kekäläinen 2002)."""
    gains = metrics.discounts(k)
    ideal = np.concatenate(([0.0], np.cumsum(gains)))[np.minimum(np.diff(places.indptr), k)]
    return _per(_sum(places, metrics.mean_gain(places.better, places.tied, gains)), ideal)


def average_precision(places: Places, k: int) -> Values:
    """Return the precision at the ranks of the right answers, summed and divided by min(right answers, k).

    A right answer at place j of t tied ones, r of them right, has on average (r - 1)(j - 1) / (t - 1) of those before
    it, and all right ones that score better.
    """
    question, level = _levels(places)
    better, tied = places.better, places.tied
    above = _right_above(places, question)
    slope = (level - 1) / np.maximum(tied, 1)
    inverse = np.concatenate(([0.0], np.cumsum(1.0 / (np.arange(k) + 1.0))))
    offered = better >= 0
    first = np.minimum(np.where(offered, better, k), k)
    last = np.minimum(np.where(offered, better + tied + 1, k), k)
    # sum over ranks x of (above + 1 + slope (x - better - 1)) / x, in closed form
    fixed = above + 1 - slope * (better + 1)
    value = (fixed * (inverse[last] - inverse[first]) + slope * (last - first)) / (tied + 1)
    return _per(_sum(places, np.where(offered, value, 0.0)), np.minimum(np.diff(places.indptr), k))


def hit_rate(places: Places, k: int) -> Values:
    """Return the chance that at least one right answer is among the first k."""
    return np.asarray(_chances_of_first(places, k).sum(axis=0))


def mrr(places: Places, k: int) -> Values:
    """Return the mean of 1 / rank of the first right answer, 0 beyond k."""
    return np.asarray((1.0 / (np.arange(k) + 1.0)) @ _chances_of_first(places, k))


def _chances_of_first(places: Places, k: int) -> Values:
    """Return float64 [k, n]: the chance that the first right answer of each question stands at each rank.

    Among t tied candidates, r of them right, the next one is right with r / t; if it is not, it leaves t - 1.
    """
    question, level = _levels(places)
    best = _best_answers(places, question)
    asked, better, left, right = question[best], places.better[best], places.tied[best] + 1, level[best]
    chances = np.zeros((k, len(places.indptr) - 1))
    waiting = np.ones(len(best))
    for rank in range(k):
        now = np.where((rank >= better) & (left >= right), right / np.maximum(left, 1), 0.0)
        chances[rank, asked] = waiting * now
        waiting *= 1.0 - now
        left = np.where(rank >= better, left - 1, left)
    return chances


def _best_answers(places: Places, question: Counts) -> Counts:
    """Return the place of the right answer that scores best, of each question that has one that is offered."""
    order = np.lexsort((places.better, question))
    order = order[places.better[order] >= 0]
    _, first = np.unique(question[order], return_index=True)
    return np.asarray(order[first])


def _questions(places: Places) -> Counts:
    counts = np.diff(places.indptr)
    return np.repeat(np.arange(len(counts)), counts)


def _levels(places: Places) -> tuple[Counts, Counts]:
    """Return the question of each right answer, and how many right answers of it score the same, itself included."""
    question = _questions(places)
    width = int(places.better.max(initial=0)) + 2
    _, number, count = np.unique(question * width + places.better + 1, return_inverse=True, return_counts=True)
    return question, count[number]


def _right_above(places: Places, question: Counts) -> Counts:
    """Return how many right answers of the same question score better than each."""
    hidden = np.where(places.better >= 0, places.better, np.iinfo(np.int64).max)
    order = np.lexsort((hidden, question))
    asked, value = question[order], hidden[order]
    starts = np.concatenate(([True], (asked[1:] != asked[:-1]) | (value[1:] != value[:-1])))[: len(order)]
    leader = np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))
    above = np.empty(len(order), dtype=np.int64)
    above[order] = leader - places.indptr[asked]
    return above


def _sum(places: Places, values: Values) -> Values:
    return np.bincount(_questions(places), weights=values, minlength=len(places.indptr) - 1).astype(np.float64)


def _per(sums: Values, by: NDArray[np.int64] | Values) -> Values:
    return np.where(by > 0, sums / np.where(by > 0, by, 1), 0.0)
