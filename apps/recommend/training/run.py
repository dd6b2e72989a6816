"""A model is born: data, fit, evaluation, artifact, version, verdict, promotion."""

import dataclasses
import logging
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from apps.profiles import api as profiles
from apps.recommend import selectors
from apps.recommend.contracts.models import ModelInfo
from apps.recommend.models import EMBEDDING_SIZE, ModelState, ModelVersion, RunKind, TrainingRun
from apps.recommend.registry import habit_arrays, prune
from apps.recommend.registry.artifacts import Arrays
from apps.recommend.registry.projections import to_arrays
from apps.recommend.registry.unpacked import encode_ids
from apps.recommend.training import answers, compare, gate, memory, missing, refresh, report, runs, versions
from apps.recommend.training.dataset import TrainingData, load_training_data
from apps.recommend.training.fit import by_recipe
from apps.recommend.training.habits import load_bought, make_habits
from apps.recommend.training.recipe import Recipe
from apps.recommend.training.recipes import fit_from_catalogue, fit_vectors
from apps.recommend.training.runs import Progress, Told, ignore
from apps.recommend.training.site_recipe import site_recipe
from apps.recommend.training.versions import Made
from specrec.kernel.errors import Conflict

logger = logging.getLogger(__name__)

# What makes a version of a site, and says where it stands.
Making = Callable[[TrainingRun, datetime, Progress], ModelVersion]


def train_site(*, site_id: str, now: datetime, recipe: Recipe | str | None = None, told: Told = ignore) -> ModelInfo:
    """Train the site and return the version that came of it, promoted or not.

    recipe: instead of the one that the site's schedule names. told: asked with percent and step as they begin.
    Raises NotFound for the site or the recipe, and Conflict while another is under way or where there is no item.
    """
    profiles.get_site(site_id=site_id)

    def make(run: TrainingRun, at: datetime, progress: Progress) -> ModelVersion:
        return _train(run.site_id, at, site_recipe(site_id=site_id, recipe=recipe), progress)

    model = _run(site_id=site_id, run_id=None, kind=RunKind.FULL, now=now, told=told, make=make)
    if model is None:
        raise Conflict(f"The site {site_id} is being trained already. Wait until it is done.", code="training_runs")
    return model


def run_training(*, site_id: str, run_id: UUID | None, now: datetime, told: Told = ignore) -> ModelInfo | None:
    """Do a queued training and return its version; None when another is under way, or when it was done before."""
    return _queued(site_id=site_id, run_id=run_id, kind=RunKind.FULL, now=now, told=told, make=_train_as_asked)


def run_refresh(*, site_id: str, run_id: UUID | None, now: datetime, told: Told = ignore) -> ModelInfo | None:
    """Do a queued refresh of the promoted version and return the new one; None as in `run_training`.

    Raises Conflict where none is promoted, or the promoted one is not of a kind that can be refreshed.
    """
    return _queued(site_id=site_id, run_id=run_id, kind=RunKind.REFRESH, now=now, told=told, make=refresh.refresh_site)


def _queued(
    *, site_id: str, run_id: UUID | None, kind: RunKind, now: datetime, told: Told, make: Making
) -> ModelInfo | None:
    model = _run(site_id=site_id, run_id=run_id, kind=kind, now=now, told=told, make=make)
    if model is None:
        logger.info("training of %s is not needed: another is under way, or it was done before", site_id)
    return model


def _run(
    *, site_id: str, run_id: UUID | None, kind: RunKind, now: datetime, told: Told, make: Making
) -> ModelInfo | None:
    with runs.only_one(site_id) as alone:
        if not alone:
            runs.skip_run(site_id=site_id, run_id=run_id, now=now)
            return None
        run = runs.begin_run(site_id=site_id, run_id=run_id, now=now, kind=kind)
        if run is None:
            return None
        with runs.recorded(run, told) as progress:
            with memory.measured() as peak:
                version = make(run, now, progress)
            versions.close_version(version, progress, peak)
            progress.outcome = f"{ModelState(version.state).label}. {version.note}"
            prune.prune_versions(site_id=site_id)
            logger.info("site %s: model %s is %s. %s", site_id, version.stamp, version.state, version.note)
            return selectors.to_model_info(version)


def _train_as_asked(run: TrainingRun, now: datetime, progress: Progress) -> ModelVersion:
    return _train(run.site_id, now, site_recipe(site_id=run.site_id, recipe=run.details.get("recipe")), progress)


def _train(site_id: str, now: datetime, recipe: Recipe, progress: Progress) -> ModelVersion:
    with progress.step("data"):
        data = load_training_data(site_id=site_id, recipe=recipe, now=now)
        missing.require_items(data, site_id=site_id)
        short = missing.find_missing(data, recipe.needs)
        progress.details["missing"] = [dataclasses.asdict(one) for one in short]
    with progress.step("content"):
        content = fit_from_catalogue(recipe, data.described)
    with progress.step("evaluation"):
        fit = by_recipe(recipe, content.neighbours, len(data.item_ids), progress.within)
        evaluated = compare.evaluate_beside(site_id=site_id, data=data, recipe=recipe, fit=fit)
    with progress.step("fit"):
        fitted = evaluated.adopt(fit(data.sequences, data.all_events))
    with progress.step("vectors"):
        projection, vectors = fit_vectors(recipe, content, EMBEDDING_SIZE)
        row_of = {item_id: row for row, item_id in enumerate(data.item_ids)}
        bought = load_bought(site_id=site_id, recipe=recipe, row_of=row_of, now=now)
        habits = make_habits(data=data, bought=bought, content=content)
    with progress.step("artifact"):
        arrays = _arrays(data) | to_arrays(projection) | habit_arrays.to_arrays(habits) | {"vectors": vectors}
        made = Made(recipe=recipe, data=data, fitted=fitted, arrays=arrays, metrics=evaluated.figures)
        version = versions.store_version(site_id=site_id, made=made, now=now)
    with progress.step("report"):
        if evaluated.engine is not None:
            learned = answers.Learned(data=data, engine=evaluated.engine, content=content, recipe=recipe)
            report.store_assessment(version, answers.assess_hold_out(evaluated.hold_out, learned))
    with progress.step("promotion"):
        gate.decide(version, min_cases=recipe.min_cases, now=now)
        versions.add_to_note(version, missing.explain(short))
    return version


def _arrays(data: TrainingData) -> Arrays:
    return {
        "item_ids": encode_ids(data.item_ids),
        "item_types": encode_ids(data.item_types),
        "published": data.published,
    }
