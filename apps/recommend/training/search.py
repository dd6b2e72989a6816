"""Which parameters of a recipe are best on a site's own data.

Everything is fitted and asked before the hold-out of the gate begins: the figure by which the gate decides stays one on
events that nothing was chosen by. How choices are made is the caller's, since what makes good ones is an extra.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from apps.profiles import api as profiles
from apps.recommend.contracts.models import Searched
from apps.recommend.training import evaluate, missing
from apps.recommend.training.dataset import TrainingData, by_sequence, load_training_data, take
from apps.recommend.training.evaluate import HoldOut
from apps.recommend.training.fit import by_recipe
from apps.recommend.training.parameters import USUAL
from apps.recommend.training.recipe import Recipe
from apps.recommend.training.recipes import Content, fit_from_catalogue
from apps.recommend.training.site_recipe import site_recipe
from apps.recommend.training.written import to_toml
from specrec.kernel.errors import Conflict, Invalid

logger = logging.getLogger(__name__)

Values = Mapping[str, int | float]
Objective = Callable[[Values], float]
Optimise = Callable[[Sequence[Searched], Objective], Values]


def search_recipe(
    *, site_id: str, now: datetime, optimise: Optimise, recipe: str | None = None, name: str = "found"
) -> str:
    """Return as TOML the recipe, under another name, with the values that `optimise` found best.

    Raises NotFound (site, recipe), Invalid where the recipe says nothing that may be chosen or the name is none, and
    Conflict where too little happened to tell values apart.
    """
    profiles.get_site(site_id=site_id)
    own = site_recipe(site_id=site_id, recipe=recipe)
    space = space_of(own)
    if not space:
        message = f"The recipe {own.label} says in no section [search.ALGORITHM] between what to choose."
        raise Invalid(message, code="nothing_to_search", field="recipe")
    data = load_training_data(site_id=site_id, recipe=own, now=now)
    missing.require_items(data, site_id=site_id)
    trials = Trials(own, before_gate(data, own), site_id=site_id)
    found = trials.recipe_of(optimise(space, trials.score))
    # The site's own weights of event types come from its settings and stay there.
    found = replace(found, name=name, version=1, dataset=replace(found.dataset, weighs_history=False))
    head = (
        f"# Found on {site_id}: {trials.metric} {trials.best:.4f}, {trials.usual:.4f} with the values of {own.label}."
    )
    return f"{head}\n{to_toml(found)}"


def space_of(recipe: Recipe) -> list[Searched]:
    """Return what may be chosen, in the order of the recipe."""
    return [
        Searched(f"{algorithm}.{key}", low, high, getattr(recipe.params(algorithm, type(USUAL[algorithm])), key))
        for algorithm, ranges in recipe.search.items()
        for key, (low, high) in ranges.items()
    ]


def before_gate(data: TrainingData, recipe: Recipe) -> TrainingData:
    """Return what happened before the first event that the gate asks for."""
    cut = evaluate.make_hold_out(data, recipe).cut
    events = take(data.all_events, data.all_events.time < cut)
    return replace(data, all_events=events, sequences=by_sequence(events))


class Trials:
    """Fits and asks; every trial the same questions. `usual`, `best`: figures of the recipe's values and so far."""

    def __init__(self, recipe: Recipe, data: TrainingData, *, site_id: str) -> None:
        self._recipe = recipe
        self._data = data
        self._hold_out = _asked(data, recipe, site_id)
        self._learned = take(data.all_events, data.all_events.time < self._hold_out.cut)
        self._sequences = by_sequence(self._learned)
        self._content: tuple[object, Content] | None = None
        self.metric = recipe.evaluation.metrics[0]
        self.best = -np.inf
        self.usual = self.score({})

    def recipe_of(self, values: Values) -> Recipe:
        """Return the recipe with these values by name; raises Invalid."""
        recipe = self._recipe
        for name, value in values.items():
            algorithm, _, key = name.partition(".")
            recipe = recipe.with_params(algorithm, **{key: value})
        return recipe

    def score(self, values: Values) -> float:
        """Return the recipe's first metric with these values; higher is better."""
        recipe = self.recipe_of(values)
        content = self._described(recipe)
        fit = by_recipe(recipe, content.neighbours, len(self._data.item_ids))
        rank = evaluate.rank_by_engine(fit(self._sequences, self._learned).engine)
        figure = evaluate.measure(self._hold_out.questions, rank).figures[self.metric]
        self.best = max(self.best, figure)
        return figure

    def _described(self, recipe: Recipe) -> Content:
        """Return the content, fitted once as long as its parameters stay."""
        if self._content is None or self._content[0] != recipe.content:
            self._content = (recipe.content, fit_from_catalogue(recipe, self._data.described))
        return self._content[1]


def _asked(data: TrainingData, recipe: Recipe, site_id: str) -> HoldOut:
    hold_out = evaluate.make_hold_out(data, recipe)
    if len(hold_out.questions) < recipe.min_cases:
        short = missing.explain(missing.missing_events(data, recipe.needs))
        message = (
            f"Too little happened at {site_id} to tell values apart: only {len(hold_out.questions)} of the "
            f"{recipe.min_cases} shoppers needed went on to another item before what the gate asks for.{short}"
        )
        raise Conflict(message, code="too_few_cases", field="site_id", have=len(hold_out.questions))
    return hold_out
