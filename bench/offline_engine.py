"""The one place where the offline programs meet the product's engine: recipes by name, fitting, and asking."""

from pathlib import Path
from typing import Any

import numpy as np

from apps.recommend.ml.content import fit_content
from apps.recommend.ml.engine import Engine, Histories, find, places
from apps.recommend.ml.fitting import Material, fit_engine
from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.tokens import Described, fit_tokens
from apps.recommend.training.recipe import Recipe, parse_recipe
from apps.recommend.training.recipes import KNOWN
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


def fit(recipe: Recipe, train: Sequences, described: Described, *, seed: int) -> Engine:
    """Fit everything that the recipe has: counting, content, candidates, ranker."""
    _, tokens = fit_tokens(described, recipe.content)
    material = Material(train, train, fit_content(tokens, recipe.content), len(described.texts))
    return fit_engine(material, recipe.engine, seed=seed).engine


def answer(engine: Engine, questions: Questions) -> Answers:
    """Ask the fitted engine every question; what the protocol excludes is never answered, whatever the recipe says."""
    if questions.exclude_history:
        engine = engine._replace(mix=engine.mix._replace(repeats=False))
    found = find(engine, Histories(questions.indptr, questions.rows))
    better, tied = places(found, questions.targets)
    first = found.rows[:, :SHOWN]
    shown = np.zeros(len(engine.tables.popularity), dtype=np.bool_)
    shown[first[first >= 0]] = True
    return Answers(better, tied, shown)


def _first_there(*names: str) -> str:
    return next((name for name in names if _path(name).exists()), names[-1])


def _path(name: str) -> Path:
    return KNOWN / f"{name}.toml"
