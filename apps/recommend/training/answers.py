"""What models answer to the questions of an evaluation: the place of what came next, and the slate that is shown."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml import engine, metrics
from apps.recommend.ml.blend import BlendArrays, BlendParams, Weighted, score_history
from apps.recommend.ml.engine import Found
from apps.recommend.ml.split import Questions
from apps.recommend.training.assess import SLATE, Answers, Asked, assess
from apps.recommend.training.assessment import Assessment
from apps.recommend.training.dataset import TrainingData
from apps.recommend.training.evaluate import HoldOut
from apps.recommend.training.recipe import Recipe
from apps.recommend.training.recipes import Behaviour, Content, combine


@dataclass(frozen=True, slots=True)
class Learned:
    """data: of the training; behaviour: learned from what came before the hold-out; content: of the catalogue."""

    data: TrainingData
    behaviour: Behaviour
    content: Content
    recipe: Recipe


def assess_hold_out(hold_out: HoldOut, learned: Learned) -> Assessment:
    """Return the full battery on the hold-out: what serving would show, beside popularity."""
    data, questions, behaviour = learned.data, hold_out.questions, learned.behaviour
    before = data.all_events.item[data.all_events.time < hold_out.cut]
    _, category = np.unique(np.array(data.item_types), return_inverse=True)
    asked = Asked(
        questions=questions,
        counts=np.bincount(before, minlength=len(data.item_ids)).astype(np.int64),
        category=category.astype(np.int32),
        vectors=learned.content.tokens if learned.content.tokens.shape[1] else None,
    )
    model = combine(behaviour, learned.content)
    given = {
        "this model": answer_by_blend(questions, model, learned.recipe.blend),
        "popularity": answer_by_popularity(questions, behaviour.popularity),
    }
    return assess(asked, given, seed=learned.recipe.seed)


def answer_by_popularity(questions: Questions, popularity: NDArray[np.float32]) -> Answers:
    """Return what the same list for everybody gives, items of the history left out."""
    ordered = np.sort(popularity)
    ranked = np.argsort(-popularity, kind="stable").astype(np.int32)
    wanted = popularity[questions.targets]
    above = len(ordered) - np.searchsorted(ordered, wanted, side="right")
    level = len(ordered) - np.searchsorted(ordered, wanted, side="left") - above
    slates = np.full((len(questions), SLATE), -1, dtype=np.int32)
    for number, case in enumerate(questions):
        seen = np.unique(case.history)
        seen = seen[seen != case.target]
        above[number] -= np.count_nonzero(popularity[seen] > wanted[number])
        level[number] -= np.count_nonzero(popularity[seen] == wanted[number])
        first = ranked[: SLATE + len(seen)]
        fresh = first[~np.isin(first, seen)][:SLATE]
        slates[number, : len(fresh)] = fresh
    return Answers(above.astype(np.int64), (level - 1).astype(np.int64), slates)


def answer_by_blend(questions: Questions, model: BlendArrays, params: BlendParams) -> Answers:
    """Return what serving would show, items of the history left out."""
    seen = np.zeros(len(model.popularity), dtype=np.bool_)
    slates = np.full((len(questions), SLATE), -1, dtype=np.int32)
    places: list[tuple[int, int] | None] = []
    for number, case in enumerate(questions):
        history = case.history if case.weights is None else Weighted(case.history, case.weights.astype(np.float32))
        scored = score_history(model, history, params)
        seen[case.history] = True
        fresh = ~seen[scored.rows]
        seen[case.history] = False
        rows, scores = scored.rows[fresh], scored.scores[fresh]
        slates[number, : min(SLATE, len(rows))] = rows[:SLATE]
        places.append(metrics.place_of(rows, scores, case.target))
    return Answers(*metrics.to_places(places), slates)


def answer_by_found(found: Found, targets: NDArray[np.int32]) -> Answers:
    """Return what the engine found for questions with these targets (`engine.find`); its mix masks the histories."""
    return Answers(*engine.places(found, targets), found.rows[:, :SLATE])
