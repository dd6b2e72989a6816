"""The figures of a version beside those of popularity and of what was promoted before it."""

import logging

import numpy as np

from apps.recommend import selectors
from apps.recommend.models import ModelVersion
from apps.recommend.registry.artifacts import BadArtifact, read_artifact
from apps.recommend.registry.unpacked import LoadedModel, to_loaded
from apps.recommend.training import evaluate
from apps.recommend.training.dataset import TrainingData, by_sequence, take
from apps.recommend.training.evaluate import HoldOut
from apps.recommend.training.recipes import Behaviour, Content, Recipe, combine, fit_from_events

logger = logging.getLogger(__name__)

Figures = dict[str, float]
_NDCG = f"ndcg@{evaluate.K}"
_RECALL = f"recall@{evaluate.K}"


def evaluate_beside(*, site_id: str, data: TrainingData, content: Content, recipe: Recipe) -> Figures:
    """Return the figures on the hold-out, the model being fitted without it; only `cases` when these are too few.

    popularity_*: of popularity, on the same hold-out
    promoted_*: of the promoted version, on what it has not learned from. Where that is not the whole hold-out,
        fresh_* are the new version's figures there, it having learned from as much time as the promoted version
    promoted_then_*: of the promoted version on its own hold-out, where too few cases are new to it
    anchor_*: the best recorded of the last promoted versions, unless this one is proven to be no worse than the
        promoted one. A version keeps the anchor it was held against, so that no number of small steps leads away.
    """
    hold_out = evaluate.make_hold_out(data, recipe)
    metrics = {"cases": float(len(hold_out.cases))}
    if len(hold_out.cases) < recipe.min_cases:
        return metrics
    behaviour = _fit_before(data, recipe, hold_out.cut)
    metrics |= _measure(hold_out, behaviour, content, recipe)
    popular = evaluate.measure(hold_out.cases, evaluate.rank_by_popularity(behaviour.popularity))
    metrics |= {f"popularity_{name}": value for name, value in popular.items()}
    promoted = selectors.find_promoted(site_id=site_id)
    if promoted is not None:
        found = _on_unseen(promoted, data, content, recipe, hold_out) or _on_its_own(promoted)
        metrics |= found
        if found.get(f"fresh_{_NDCG}", metrics[_NDCG]) < found.get(f"promoted_{_NDCG}", np.inf):
            metrics |= _anchor(site_id)
    return {name: round(value, 6) for name, value in metrics.items()}


def _on_unseen(
    promoted: ModelVersion, data: TrainingData, content: Content, recipe: Recipe, hold_out: HoldOut
) -> Figures:
    """Return both versions' figures on what the promoted one has not learned from; nothing when that is too little."""
    unseen = hold_out
    if promoted.data_until is not None and promoted.data_until.timestamp() >= hold_out.cut:
        after = float(np.nextafter(promoted.data_until.timestamp(), np.inf))
        unseen = evaluate.make_hold_out(data, recipe, earliest=after)
    if len(unseen.cases) < recipe.min_cases:
        return {}
    loaded = _load(promoted)
    if loaded is None:
        return {}
    theirs = evaluate.measure(unseen.cases, evaluate.rank_by_loaded(loaded, data.item_ids))
    found = {f"promoted_{name}": value for name, value in theirs.items()}
    if unseen is not hold_out:
        own = _measure(unseen, _fit_before(data, recipe, unseen.cut), content, recipe)
        found |= {f"fresh_{name}": value for name, value in own.items()} | {"fresh_cases": float(len(unseen.cases))}
    return found


def _on_its_own(promoted: ModelVersion) -> Figures:
    return {f"promoted_then_{name}": promoted.metrics[name] for name in (_RECALL, _NDCG) if name in promoted.metrics}


def _anchor(site_id: str) -> Figures:
    best = selectors.find_best_promoted(site_id=site_id, names=(_NDCG, f"anchor_{_NDCG}"))
    return {} if best is None else {f"anchor_{_NDCG}": best}


def _fit_before(data: TrainingData, recipe: Recipe, cut: float) -> Behaviour:
    before = take(data.all_events, data.all_events.time < cut)
    return fit_from_events(recipe, by_sequence(before), before, len(data.item_ids))


def _measure(hold_out: HoldOut, behaviour: Behaviour, content: Content, recipe: Recipe) -> Figures:
    return evaluate.measure(hold_out.cases, evaluate.rank_by_blend(combine(behaviour, content), recipe.blend))


def _load(promoted: ModelVersion) -> LoadedModel | None:
    try:
        return to_loaded(read_artifact(site_id=promoted.site_id, stamp=promoted.stamp))
    except BadArtifact as error:
        logger.warning("the promoted model cannot be compared with: %s", error)
        return None
