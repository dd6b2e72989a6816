"""How good a model is on what it has not seen, beside popularity and the promoted version."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml import metrics
from apps.recommend.ml.engine import Engine, Histories, find, places
from apps.recommend.ml.intervals import Interval, paired_difference
from apps.recommend.ml.split import Questions, ask_by_time
from apps.recommend.registry.unpacked import LoadedModel
from apps.recommend.training.dataset import TrainingData
from apps.recommend.training.recipe import Recipe

K = 10
NDCG = f"ndcg@{K}"
RECALL = f"recall@{K}"


class Places(NamedTuple):
    """By question how many score above the target and how many others the same, int64 [n]; better is -1 where the
    target is not offered at all."""

    better: NDArray[np.int64]
    tied: NDArray[np.int64]


Ranker = Callable[[Questions], Places]


@dataclass(frozen=True, slots=True)
class HoldOut:
    """The newest share of the events. `cut`: seconds since 1970; nothing from there on may be learned before asking.

    Histories may reach beyond the cut: they are only asked with, as a shopper who comes then would be.
    """

    cut: float
    questions: Questions


@dataclass(frozen=True, slots=True)
class Measured:
    """figures: means over the questions, by name; ndcg: float64 [n], of each question."""

    figures: dict[str, float]
    ndcg: NDArray[np.float64]


def make_hold_out(data: TrainingData, recipe: Recipe, *, earliest: float = -np.inf) -> HoldOut:
    """Return at most `max_cases` questions, drawn with the recipe's seed; their targets are not before `earliest`."""
    events = data.sequences
    share = recipe.hold_out_share
    weight = events.weight if recipe.weighs_history else None
    cut, found = ask_by_time(events.sequence, events.item, events.time, share=share, earliest=earliest, weight=weight)
    if len(found) > recipe.max_cases:
        drawn = np.random.default_rng(recipe.seed).choice(len(found), size=recipe.max_cases, replace=False)
        found = found.take(np.sort(drawn))
    return HoldOut(cut=cut, questions=found)


def measure(questions: Questions, rank: Ranker) -> Measured:
    """Return recall@10 and ndcg@10 over the questions."""
    better, tied = rank(questions)
    ndcg = metrics.ndcg(better, tied, K)
    count = max(len(questions), 1)
    recall = float(metrics.recall(better, tied, K).sum()) / count
    return Measured(figures={RECALL: recall, NDCG: float(ndcg.sum()) / count}, ndcg=ndcg)


def gain(own: Measured, theirs: Measured, *, seed: int) -> Interval:
    """Return the mean of what `own` has more in NDCG@10 on the same questions, with its 95 % interval."""
    return paired_difference(own.ndcg, theirs.ndcg, seed=seed)


def rank_by_engine(engine: Engine) -> Ranker:
    """Return the ranker that serving is, items of the history left out."""
    fresh = engine._replace(mix=engine.mix._replace(repeats=False))

    def rank(questions: Questions) -> Places:
        weights = None if questions.weights is None else questions.weights.astype(np.float32)
        found = find(fresh, Histories(questions.indptr, questions.rows, weights))
        return Places(*places(found, questions.targets))

    return rank


def rank_by_popularity(popularity: NDArray[np.float32]) -> Ranker:
    """Return the ranker that shows everybody the same, items of the history left out."""
    ordered = np.sort(popularity)

    def rank(questions: Questions) -> Places:
        wanted = popularity[questions.targets]
        above = len(ordered) - np.searchsorted(ordered, wanted, side="right")
        level = len(ordered) - np.searchsorted(ordered, wanted, side="left") - above
        for number, case in enumerate(questions):
            seen = np.unique(case.history)
            seen = popularity[seen[seen != case.target]]
            above[number] -= np.count_nonzero(seen > wanted[number])
            level[number] -= np.count_nonzero(seen == wanted[number])
        return Places(above.astype(np.int64), (level - 1).astype(np.int64))

    return rank


def rank_by_loaded(loaded: LoadedModel, item_ids: Sequence[str]) -> Ranker:
    """Return the ranker of an earlier version, whose rows differ; what it does not know it cannot offer."""
    row_of = np.fromiter((loaded.row_of.get(item, -1) for item in item_ids), np.int32, len(item_ids))
    inner = rank_by_engine(loaded.engine)

    def rank(questions: Questions) -> Places:
        better, tied = np.full(len(questions), -1, np.int64), np.zeros(len(questions), np.int64)
        offered = np.flatnonzero(row_of[questions.targets] >= 0)
        if len(offered):
            better[offered], tied[offered] = inner(_translated(questions.take(offered), row_of))
        return Places(better, tied)

    return rank


def _translated(questions: Questions, row_of: NDArray[np.int32]) -> Questions:
    """Return the questions in other rows; what has none there (-1) is left out of the histories."""
    rows = row_of[questions.rows]
    known = rows >= 0
    until = np.concatenate(([0], np.cumsum(known)))
    return Questions(
        indptr=until[questions.indptr],
        rows=rows[known],
        targets=row_of[questions.targets],
        sequence=questions.sequence,
        weights=None if questions.weights is None else questions.weights[known],
    )
