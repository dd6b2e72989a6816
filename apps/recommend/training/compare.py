"""The figures of a version beside those of popularity and of what was promoted before it."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from apps.recommend import selectors
from apps.recommend.contracts.models import ModelComparison
from apps.recommend.ml.engine import Engine
from apps.recommend.ml.fitting import Fitted
from apps.recommend.ml.intervals import Interval
from apps.recommend.ml.trees import no_trees
from apps.recommend.models import ModelVersion
from apps.recommend.registry.artifacts import BadArtifact, read_artifact
from apps.recommend.registry.unpacked import LoadedModel, to_loaded
from apps.recommend.training import evaluate
from apps.recommend.training.dataset import TrainingData, by_sequence, load_training_data, take
from apps.recommend.training.evaluate import NDCG, RECALL, HoldOut, Measured
from apps.recommend.training.fit import Fit
from apps.recommend.training.recipe import Recipe
from apps.recommend.training.site_recipe import site_recipe

logger = logging.getLogger(__name__)

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The figures, what was asked, and what was learned before it; None where there are too few questions."""

    figures: Figures
    hold_out: HoldOut
    engine: Engine | None = None

    def adopt(self, fitted: Fitted) -> Fitted:
        """Return what was fitted on everything, without its ranker where that did not prove itself here."""
        if self.engine is None or len(self.engine.trees.root):
            return fitted
        return replace(fitted, engine=fitted.engine._replace(trees=no_trees()))


def evaluate_beside(*, site_id: str, data: TrainingData, recipe: Recipe, fit: Fit) -> Evaluated:
    """Return the figures on the hold-out, the model being fitted without it; only `cases` when these are too few.

    popularity_*: of popularity, on the same hold-out
    promoted_*: of the promoted version, on what it has not learned from. Where that is not the whole hold-out,
        fresh_* are the new version's figures there, it having learned from as much time as the promoted version
    *_gain, with _low and _high: how much more NDCG@10 the new version has than popularity and than the promoted one,
        question by question, and the 95 % interval
    promoted_then_*: of the promoted version on its own hold-out, where too few cases are new to it
    anchor_*: the best recorded of the last promoted versions, unless this one is proven to be no worse than the
        promoted one. A version keeps the anchor it was held against, so that no number of small steps leads away.
    """
    hold_out = evaluate.make_hold_out(data, recipe)
    found = {"cases": float(len(hold_out.questions))}
    if len(hold_out.questions) < recipe.min_cases:
        return Evaluated(found, hold_out)
    engine, own = _better_half(_fit_before(data, hold_out.cut, fit), hold_out)
    popular = evaluate.measure(hold_out.questions, evaluate.rank_by_popularity(engine.tables.popularity))
    found |= own.figures | _prefixed("popularity", popular.figures)
    found |= _gain("popularity", evaluate.gain(own, popular, seed=recipe.seed))
    promoted = selectors.find_promoted(site_id=site_id)
    if promoted is not None:
        beside = _on_unseen(promoted, data, recipe, fit, (hold_out, own)) or _on_its_own(promoted)
        found |= beside
        if beside.get(f"fresh_{NDCG}", found[NDCG]) < beside.get(f"promoted_{NDCG}", np.inf):
            found |= _anchor(site_id)
    return Evaluated({name: round(value, 6) for name, value in found.items()}, hold_out, engine)


def compare_versions(*, site_id: str, stamp: str, other: str, now: datetime) -> ModelComparison:
    """Return the recorded figures of two versions, and those on the newest questions that neither has learned from.

    Raises NotFound for a version that is not there and BadArtifact for one that cannot be read.
    """
    versions = [selectors.get_version(site_id=site_id, stamp=name) for name in (stamp, other)]
    recipe = site_recipe(site_id=site_id)
    data = load_training_data(site_id=site_id, recipe=recipe, now=now)
    learned = [version.data_until.timestamp() for version in versions if version.data_until is not None]
    earliest = float(np.nextafter(max(learned), np.inf)) if learned else -np.inf
    questions = evaluate.make_hold_out(data, recipe, earliest=earliest).questions
    recorded = ({name: value for name, value in version.metrics.items() if "@" in name} for version in versions)
    first, second = recorded
    result = ModelComparison(site_id=site_id, stamp=stamp, other=other, cases=len(questions), recorded=(first, second))
    if len(questions) < recipe.min_cases:
        return result
    own, theirs = (
        evaluate.measure(questions, evaluate.rank_by_loaded(_read(version), data.item_ids)) for version in versions
    )
    return ModelComparison(
        site_id=site_id,
        stamp=stamp,
        other=other,
        cases=len(questions),
        recorded=result.recorded,
        measured=(own.figures, theirs.figures),
        gain=evaluate.gain(own, theirs, seed=recipe.seed),
    )


def _on_unseen(
    promoted: ModelVersion, data: TrainingData, recipe: Recipe, fit: Fit, whole: tuple[HoldOut, Measured]
) -> Figures:
    """Return both versions' figures on what the promoted one has not learned from; nothing when that is too little.

    whole: the whole hold-out, and what the new version reaches on it
    """
    hold_out, own = whole
    unseen = hold_out
    if promoted.data_until is not None and promoted.data_until.timestamp() >= hold_out.cut:
        after = float(np.nextafter(promoted.data_until.timestamp(), np.inf))
        unseen = evaluate.make_hold_out(data, recipe, earliest=after)
    if len(unseen.questions) < recipe.min_cases:
        return {}
    loaded = _load(promoted)
    if loaded is None:
        return {}
    theirs = evaluate.measure(unseen.questions, evaluate.rank_by_loaded(loaded, data.item_ids))
    found = {}
    if unseen is not hold_out:
        _, own = _better_half(_fit_before(data, unseen.cut, fit), unseen)
        found = _prefixed("fresh", own.figures) | {"fresh_cases": float(len(unseen.questions))}
    gain = _gain("promoted", evaluate.gain(own, theirs, seed=recipe.seed))
    return found | _prefixed("promoted", theirs.figures) | gain


def _on_its_own(promoted: ModelVersion) -> Figures:
    return {f"promoted_then_{name}": promoted.metrics[name] for name in (RECALL, NDCG) if name in promoted.metrics}


def _anchor(site_id: str) -> Figures:
    best = selectors.find_best_promoted(site_id=site_id, names=(NDCG, f"anchor_{NDCG}"))
    return {} if best is None else {f"anchor_{NDCG}": best}


def _prefixed(name: str, figures: Figures) -> Figures:
    return {f"{name}_{key}": value for key, value in figures.items()}


def _gain(name: str, found: Interval) -> Figures:
    return {f"{name}_gain_low": found.low, f"{name}_gain": found.mean, f"{name}_gain_high": found.high}


def _better_half(engine: Engine, hold_out: HoldOut) -> tuple[Engine, Measured]:
    """Return the engine, without its ranker where the blend alone is as good: taught on little, it may do harm."""
    plain = engine._replace(trees=no_trees())
    blended = evaluate.measure(hold_out.questions, evaluate.rank_by_engine(plain))
    if not len(engine.trees.root):
        return plain, blended
    ranked = evaluate.measure(hold_out.questions, evaluate.rank_by_engine(engine))
    return (engine, ranked) if ranked.figures[NDCG] > blended.figures[NDCG] else (plain, blended)


def _fit_before(data: TrainingData, cut: float, fit: Fit) -> Engine:
    before = take(data.all_events, data.all_events.time < cut)
    return fit(by_sequence(before), before).engine


def _load(promoted: ModelVersion) -> LoadedModel | None:
    try:
        return _read(promoted)
    except BadArtifact as error:
        logger.warning("the promoted model cannot be compared with: %s", error)
        return None


def _read(version: ModelVersion) -> LoadedModel:
    return to_loaded(read_artifact(site_id=version.site_id, stamp=version.stamp))
