"""An engine by a recipe: from everything, or for a refresh from the events alone, what is costly being kept."""

from collections.abc import Callable

from apps.recommend.ml.engine import Engine
from apps.recommend.ml.fitting import Fitted, Material, fit_engine, refit_tables
from apps.recommend.ml.neighbours import Neighbours
from apps.recommend.ml.sequences import Sequences
from apps.recommend.training.counters import chosen_counter, one_table
from apps.recommend.training.recipe import Recipe

# How much of a fit is done as a step of it begins.
_BEGINS = {"tables for the ranker": 0.0, "questions": 0.3, "ranker": 0.6, "tables": 0.8}
_ENDS = {"tables for the ranker": 0.3, "questions": 0.6, "ranker": 0.8, "tables": 1.0}
# Told the share of the fit that is done, and its step.
Within = Callable[[float, str], object]
# Asked with the events of known shoppers, by sequence, and with those of everybody, by time.
Fit = Callable[[Sequences, Sequences], Fitted]


def ignore(_share: float, _step: str) -> None:
    """Tell nobody."""


def by_recipe(recipe: Recipe, content: Neighbours, n_items: int, told: Within = ignore) -> Fit:
    """Return what fits an engine from events."""
    count_pairs = one_table(chosen_counter())

    def hear(step: str, share: float) -> None:
        told(_BEGINS[step] + share * (_ENDS[step] - _BEGINS[step]), step)

    def fit(events: Sequences, everyone: Sequences) -> Fitted:
        material = Material(events, everyone, content, n_items)
        return fit_engine(material, recipe.engine, seed=recipe.seed, progress=hear, count_pairs=count_pairs)

    return fit


def by_keeping(recipe: Recipe, kept: Engine, *, vectors: bool = True) -> Fit:
    """Return what makes counts, transitions, sessions and popularity anew; content and ranker stay.

    vectors: whether they stay as well. They know what came near what until the kept engine was made: what is asked for
    events before that must be fitted without them.
    """
    seed = None if vectors else recipe.seed
    count_pairs = one_table(chosen_counter())

    def fit(events: Sequences, everyone: Sequences) -> Fitted:
        material = Material(events, everyone, None, len(kept.tables.popularity))
        tables, counts = refit_tables(kept.tables, material, recipe.engine, seed=seed, count_pairs=count_pairs)
        return Fitted(kept._replace(tables=tables), counts)

    return fit
