"""The child that measures our own algorithms on next baskets, and what every shop has: popularity and own frequency.

What a household bought before is scored by the chance that it is due (`ml/repeats`); what it did not by what lies in
baskets with what it buys (`ml/itemknn` or `ml/baskets` over baskets), and by what is bought lately.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from apps.recommend.ml.baskets import ComplementParams, fit_complements, to_baskets
from apps.recommend.ml.itemknn import ItemKnnParams, fit_itemknn, to_choices
from apps.recommend.ml.neighbours import Neighbours
from apps.recommend.ml.repeats import DAY, Purchases, RepeatModel, RepeatParams, find_due, fit_repeats
from apps.recommend.ml.sequences import Sequences
from bench.offline.baskets_measure import measure_baskets
from bench.offline.child import Work, answer_parent
from bench.offline.journey import BasketFit, BasketScorer, Lines, Split

TASTE_HALF_LIFE_DAYS = 60.0
LATELY_DAYS = 28.0
FREQUENT_HALF_LIVES = (30.0, 60.0, 120.0)
NEW_SCALE = 0.02  # the best new item is about as likely as this: it stands among what is due with little chance
Lists = Callable[[Lines], Neighbours]


def popularity(days: float | None) -> BasketFit:
    """Return how often each item was bought, ever or in the last days."""

    def fit(split: Split, seed: int) -> BasketScorer:  # noqa: ARG001 - nothing is drawn
        counts = _bought_lately(split, days)
        return lambda numbers: np.repeat(counts[None], len(numbers), axis=0)

    return fit


def frequency(half_life_days: float | None) -> BasketFit:
    """Return how often the household bought each item, all times alike or fading; popularity decides among the rest."""

    def fit(split: Split, seed: int) -> BasketScorer:  # noqa: ARG001 - nothing is drawn
        own = split.counts if half_life_days is None else _faded(split, half_life_days)
        rest = _below(_bought_lately(split, None), 1e-6)
        return lambda numbers: np.asarray(own[split.household[numbers]].toarray() + rest, dtype=np.float32)

    return fit


def repeats_and_new(lists: Lists, *, horizon_days: float, lately: float) -> BasketFit:
    """Return the chance that an item is due within the horizon, and below it what is new: neighbours of what the
    household buys, and `lately` times what everybody bought lately, each in units of its spread.
    """

    def fit(split: Split, seed: int) -> BasketScorer:  # noqa: ARG001 - nothing is drawn
        before = split.before
        model = fit_repeats(
            Purchases(before.household, before.item, before.time), before.n_items, RepeatParams(), item_type=before.kind
        )
        due = _due(model, split, horizon_days)
        found, size = lists(before), before.n_items
        similar = sparse.csr_matrix((found.weights, found.indices, found.indptr), shape=(size, size))
        taste, recent = _faded(split, TASTE_HALF_LIFE_DAYS), _unit(_bought_lately(split, LATELY_DAYS)[None])

        def score(numbers: NDArray[np.int64]) -> NDArray[np.float32]:
            alike = np.asarray((taste[split.household[numbers]] @ similar).todense(), dtype=np.float32)
            new = _unit(alike) + np.float32(lately) * recent
            return np.asarray(due[numbers].toarray() + _below(new, NEW_SCALE), dtype=np.float32)

        return score

    return fit


def neighbours_in_baskets(lines: Lines) -> Neighbours:
    """Return what lies in the same baskets, by cosine with shrinkage."""
    order = np.argsort(lines.basket, kind="stable")
    number = np.unique(lines.basket[order], return_inverse=True)[1].astype(np.int32)
    baskets = Sequences(sequence=number, item=lines.item[order], weight=np.ones(len(order)), time=lines.time[order])
    params = ItemKnnParams(shrinkage=5.0, column_exponent=0.4, max_items=200)
    return fit_itemknn(to_choices(baskets, lines.n_items, params), params)


def complements(lines: Lines) -> Neighbours:
    """Return what goes with each item, substitutes left out."""
    number = np.cumsum(np.concatenate(([True], lines.basket[1:] != lines.basket[:-1]))).astype(np.int32)
    return fit_complements(to_baskets(number, lines.item, lines.household, lines.n_items), ComplementParams())


def _due(model: RepeatModel, split: Split, horizon_days: float) -> sparse.csr_matrix:
    """Return the chances by question and item; those who come on one day are asked together, at its beginning."""
    before, day_of = split.before, np.floor(split.now / DAY)
    question_of = np.full(before.n_households, -1, dtype=np.int64)
    question_of[split.household] = np.arange(len(split.household))
    parts = []
    for day in np.unique(day_of).tolist():
        mine = np.isin(before.household, split.household[day_of == day])
        bought = Purchases(before.household[mine], before.item[mine], before.time[mine])
        parts.append(find_due(model, bought, now=day * DAY, horizon_days=horizon_days))
    shopper, item, chance = (np.concatenate([part[at] for part in parts]) for at in range(3))
    shape = (len(split.household), before.n_items)
    return sparse.csr_matrix((chance, (question_of[shopper], item)), shape=shape, dtype=np.float32)


def _faded(split: Split, half_life_days: float) -> sparse.csr_matrix:
    before = split.before
    weight = 0.5 ** ((split.now.min() - before.time) / DAY / half_life_days)
    return sparse.csr_matrix(
        (weight, (before.household, before.item)), shape=(before.n_households, before.n_items), dtype=np.float32
    )


def _bought_lately(split: Split, days: float | None) -> NDArray[np.float32]:
    before = split.before
    counted = np.ones(len(before.item), dtype=np.bool_) if days is None else before.time > split.now.min() - days * DAY
    return np.bincount(before.item[counted], minlength=before.n_items).astype(np.float32)


def _unit(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    spread = scores.std(axis=1, keepdims=True)
    return np.asarray(scores / np.where(spread > 0, spread, 1.0), dtype=np.float32)


def _below(scores: NDArray[np.float32], most: float) -> NDArray[np.float32]:
    top = scores.max(axis=-1, keepdims=True)
    return np.asarray(scores / np.where(top > 0, top, 1.0) * most, dtype=np.float32)


SETTINGS: dict[str, dict[str, BasketFit]] = {
    "popularity": {"ever": popularity(None), "last 28 days": popularity(LATELY_DAYS)},
    "personal frequency": {"count": frequency(None)},
    "personal frequency, fading": {f"half-life {days:g} days": frequency(days) for days in FREQUENT_HALF_LIVES},
    "ours: repeats + basket neighbours": {
        f"horizon {days:g} days, lately {lately}": repeats_and_new(
            neighbours_in_baskets, horizon_days=days, lately=lately
        )
        for days, lately in ((7.0, 1.0), (14.0, 0.3), (14.0, 1.0))
    },
    "ours: repeats + complements": {
        "horizon 14 days, lately 1.0": repeats_and_new(complements, horizon_days=14.0, lately=1.0)
    },
}


def measure(work: Work) -> Work:
    """Return the figures of one of the methods."""
    return measure_baskets(SETTINGS[work["method"]], work)


if __name__ == "__main__":
    answer_parent(measure)
