"""The learned ranker: which of the candidates was it? Gradient-boosted trees on what the engine sees of each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from apps.recommend.ml.bins import find_edges, to_bins
from apps.recommend.ml.engine import Found
from apps.recommend.ml.signals import WIDTH
from apps.recommend.ml.tables import Rows, Weights
from apps.recommend.ml.treeexport import to_trees
from apps.recommend.ml.trees import Trees, no_trees


@dataclass(frozen=True, slots=True)
class RankerParams:
    """labels: how many of the last items of each sequence are asked for, or, with `newest` above 0, every item but the
        first of so large a share of the newest sequences
    questions: at most so many, drawn by chance; negatives: at most so many wrong candidates a question (0: all),
        the first half being the best placed, the others drawn from the rest, each of which stands for those not drawn
    least_questions: with fewer that hold their answer there is no ranker, and the blend stays in order
    the others: of gradient boosting
    """

    labels: int = 2
    newest: float = 0.0
    questions: int = 50_000
    negatives: int = 0
    least_questions: int = 300
    trees: int = 120
    learning_rate: float = 0.08
    leaves: int = 16
    least_in_leaf: int = 50
    l2: float = 10.0
    bins: int = 127


@dataclass(frozen=True, slots=True)
class Lesson:
    """Lines to learn from. lines: float32 [n, WIDTH]; right: bool [n]; questions: how many they belong to.

    weight: float32 [n], for how many candidates each line stands
    """

    lines: Weights
    right: NDArray[np.bool_]
    questions: int
    weight: Weights


def make_lesson(found: Found, targets: Rows, params: RankerParams, rng: np.random.Generator) -> Lesson:
    """Return the lines of the questions whose answer is among their candidates; the others teach nothing."""
    offered = np.arange(found.rows.shape[1]) < found.size[:, None]
    hit = (found.rows == targets[:, None]) & offered
    asked = np.flatnonzero(hit.any(axis=1))
    weight = offered[asked].astype(np.float32)
    if params.negatives > 0:
        weight = _drawn(offered[asked] & ~hit[asked], params.negatives, rng)
        weight[hit[asked]] = 1.0
    kept = weight > 0
    return Lesson(lines=found.lines[asked][kept], right=hit[asked][kept], questions=len(asked), weight=weight[kept])


def _drawn(wrong: NDArray[np.bool_], most: int, rng: np.random.Generator) -> Weights:
    """Return for how many each of the wrong candidates stands: 1 for the best placed, the others are drawn evenly."""
    first = most // 2
    place = np.cumsum(wrong, axis=1)
    weight = (wrong & (place <= first)).astype(np.float32)
    rest = wrong & (place > first)
    order = np.where(rest, rng.random(wrong.shape, dtype=np.float32), np.float32(2.0))
    drawn = np.argsort(order, axis=1)[:, : most - first]
    line = np.arange(len(wrong))[:, None]
    left = rest.sum(axis=1)
    stands = left / np.maximum(np.minimum(left, most - first), 1)
    weight[line, drawn] += rest[line, drawn] * stands[:, None].astype(np.float32)
    return weight


def join(lessons: list[Lesson]) -> Lesson:
    """Return the lessons as one."""
    if not lessons:
        none = np.empty(0, dtype=np.float32)
        return Lesson(np.empty((0, WIDTH), dtype=np.float32), np.empty(0, dtype=np.bool_), 0, none)
    return Lesson(
        lines=np.concatenate([lesson.lines for lesson in lessons]),
        right=np.concatenate([lesson.right for lesson in lessons]),
        questions=sum(lesson.questions for lesson in lessons),
        weight=np.concatenate([lesson.weight for lesson in lessons]),
    )


def fit_ranker(lesson: Lesson, params: RankerParams, *, seed: int) -> Trees:
    """Return the trees; none where the lesson is too small to tell anything."""
    if lesson.questions < max(params.least_questions, 1) or lesson.right.all():
        return no_trees()
    model = HistGradientBoostingClassifier(
        max_iter=params.trees,
        learning_rate=params.learning_rate,
        max_leaf_nodes=params.leaves,
        min_samples_leaf=params.least_in_leaf,
        l2_regularization=params.l2,
        max_bins=params.bins,
        early_stopping=False,
        random_state=seed,
    )
    edges = find_edges(lesson.lines, params.bins)
    model.fit(to_bins(lesson.lines, edges), lesson.right, sample_weight=lesson.weight)
    return to_trees(model, edges)
