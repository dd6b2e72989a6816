"""What models answer to the questions of an evaluation: the place of what came next, and the slate that is shown."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.engine import Engine, Histories, find, places
from apps.recommend.ml.split import Questions
from apps.recommend.training.assess import SLATE, Answers, Asked, assess
from apps.recommend.training.assessment import Assessment
from apps.recommend.training.dataset import TrainingData
from apps.recommend.training.evaluate import HoldOut, rank_by_popularity
from apps.recommend.training.recipe import Recipe
from apps.recommend.training.recipes import Content


@dataclass(frozen=True, slots=True)
class Learned:
    """data: of the training; engine: fitted on what came before the hold-out; content: of the catalogue."""

    data: TrainingData
    engine: Engine
    content: Content
    recipe: Recipe


def assess_hold_out(hold_out: HoldOut, learned: Learned) -> Assessment:
    """Return the full battery on the hold-out: what serving would show, beside popularity."""
    data, questions = learned.data, hold_out.questions
    before = data.all_events.item[data.all_events.time < hold_out.cut]
    _, category = np.unique(np.array(data.item_types), return_inverse=True)
    asked = Asked(
        questions=questions,
        counts=np.bincount(before, minlength=len(data.item_ids)).astype(np.int64),
        category=category.astype(np.int32),
        vectors=learned.content.tokens if learned.content.tokens.shape[1] else None,
    )
    given = {
        "this model": answer_by_engine(questions, learned.engine),
        "popularity": answer_by_popularity(questions, learned.engine.tables.popularity),
    }
    return assess(asked, given, seed=learned.recipe.seed)


def answer_by_popularity(questions: Questions, popularity: NDArray[np.float32]) -> Answers:
    """Return what the same list for everybody gives, items of the history left out."""
    ranked = np.argsort(-popularity, kind="stable").astype(np.int32)
    slates = np.full((len(questions), SLATE), -1, dtype=np.int32)
    for number, case in enumerate(questions):
        seen = np.unique(case.history)
        seen = seen[seen != case.target]
        first = ranked[: SLATE + len(seen)]
        fresh = first[~np.isin(first, seen)][:SLATE]
        slates[number, : len(fresh)] = fresh
    return Answers(*rank_by_popularity(popularity)(questions), slates)


def answer_by_engine(questions: Questions, engine: Engine) -> Answers:
    """Return what serving would show, items of the history left out."""
    weights = None if questions.weights is None else questions.weights.astype(np.float32)
    fresh = engine._replace(mix=engine.mix._replace(repeats=False))
    found = find(fresh, Histories(questions.indptr, questions.rows, weights))
    return Answers(*places(found, questions.targets), found.rows[:, :SLATE])
