"""The one place where the offline programs meet the product's engine: recipes by name, fitting, and asking."""

from pathlib import Path
from typing import Any

import numpy as np

from apps.recommend.ml.blend import BlendParams, score_history
from apps.recommend.ml.content import fit_content
from apps.recommend.ml.covisitation import fit_covisitation
from apps.recommend.ml.metrics import place_of
from apps.recommend.ml.popularity import fit_popularity
from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.tokens import Described, fit_tokens
from apps.recommend.training.recipe import Recipe, parse_recipe
from apps.recommend.training.recipes import KNOWN, BlendModel
from bench.offline.data import Questions
from bench.offline.places import SHOWN, Answers
from specrec.kernel.errors import NotFound

SEEDS = (1, 2, 3)
_BEFORE_THEY_CAME = "shop-1"


def recipe_for(form: str) -> str:
    """Return the name of the one recipe for every data set of a format."""
    return _first_there(f"{form}-1", _BEFORE_THEY_CAME)


def lean_recipe_for(form: str) -> str | None:
    """Return the name of the format's lean recipe, None where there is none."""
    return f"{form}-lean-1" if _path(f"{form}-lean-1").exists() else None


def recipe_named(name: str) -> Recipe:
    """Return the recipe that comes with specrec under this label, or lies in this file; raises NotFound, Invalid."""
    path = Path(name) if name.endswith(".toml") else _path(name)
    if not path.is_file():
        there = ", ".join(sorted(found.stem for found in KNOWN.glob("*.toml")))
        message = f"There is no recipe {name}: give a TOML file, or one of {there}."
        raise NotFound(message, code="recipe_not_found", field="recipe")
    return parse_recipe(path.read_text(encoding="utf-8"), source=path.name)


def with_changes(recipe: Recipe, changes: dict[str, Any]) -> Recipe:
    """Return the recipe with other parameters, named by algorithm and parameter ("covisitation.window")."""
    for path, value in changes.items():
        algorithm, _, parameter = path.partition(".")
        recipe = recipe.with_params(algorithm, **{parameter: value})
    return recipe


def fit(recipe: Recipe, train: Sequences, described: Described, *, seed: int) -> tuple[BlendModel, BlendParams]:  # noqa: ARG001 - nothing is drawn yet
    """Fit everything that the recipe has: counting, candidates, ranker."""
    n_items = len(described.texts)
    _, tokens = fit_tokens(described, recipe.content)
    popular = fit_popularity(train.item, train.weight, train.time, n_items, half_life_days=recipe.half_life_days)
    lists = fit_covisitation(train, n_items, recipe.covisitation)
    return BlendModel(*lists, *fit_content(tokens, recipe.content), popular), recipe.blend


def answer(engine: tuple[BlendModel, BlendParams], questions: Questions) -> Answers:
    """Ask the fitted engine every question."""
    model, params = engine
    better = np.full(len(questions), -1, dtype=np.int64)
    tied = np.zeros(len(questions), dtype=np.int64)
    shown = np.zeros(len(model.popularity), dtype=np.bool_)
    for number, target in enumerate(questions.targets.tolist()):
        history = questions.rows[questions.indptr[number] : questions.indptr[number + 1]]
        scored = score_history(model, history, params)
        rows, scores = scored.rows, scored.scores
        if questions.exclude_history:
            fresh = ~np.isin(rows, history)
            rows, scores = rows[fresh], scores[fresh]
        shown[rows[:SHOWN]] = True
        better[number], tied[number] = place_of(rows, scores, target) or (-1, 0)
    return Answers(better, tied, shown)


def _first_there(*names: str) -> str:
    return next((name for name in names if _path(name).exists()), names[-1])


def _path(name: str) -> Path:
    return KNOWN / f"{name}.toml"
