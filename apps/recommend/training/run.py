"""A model is born: data, fit, evaluation, artifact, version, verdict, promotion."""

import logging
import resource
import secrets
import time
from datetime import datetime
from uuid import UUID

from apps.profiles import api as profiles
from apps.recommend import selectors
from apps.recommend.contracts import ModelInfo
from apps.recommend.models import EMBEDDING_SIZE, ModelState, ModelVersion
from apps.recommend.registry import prune
from apps.recommend.registry.artifacts import Arrays, Manifest, write_artifact
from apps.recommend.registry.projections import to_arrays
from apps.recommend.registry.unpacked import encode_ids
from apps.recommend.training import compare, gate, runs
from apps.recommend.training.dataset import TrainingData, load_training_data
from apps.recommend.training.recipes import (
    BlendModel,
    Recipe,
    combine,
    fit_from_catalogue,
    fit_from_events,
    fit_vectors,
)
from apps.recommend.training.runs import Progress
from apps.recommend.training.site_recipe import site_recipe
from specrec.kernel.errors import Conflict

logger = logging.getLogger(__name__)


def train_site(*, site_id: str, now: datetime, recipe: Recipe | str | None = None) -> ModelInfo:
    """Train the site and return the version, promoted or rejected; raises NotFound, or Conflict while one runs."""
    profiles.get_site(site_id=site_id)
    model = _run(site_id=site_id, run_id=None, now=now, recipe=recipe)
    if model is None:
        raise Conflict(f"The site {site_id} is being trained already. Wait until it is done.", code="training_runs")
    return model


def run_training(*, site_id: str, run_id: UUID | None, now: datetime) -> ModelInfo | None:
    """Do a queued training and return its version; None when another is under way, or when it was done before."""
    model = _run(site_id=site_id, run_id=run_id, now=now, recipe=None)
    if model is None:
        logger.info("training of %s is not needed: another is under way, or it was done before", site_id)
    return model


def _run(*, site_id: str, run_id: UUID | None, now: datetime, recipe: Recipe | str | None) -> ModelInfo | None:
    with runs.only_one(site_id) as alone:
        if not alone:
            runs.skip_run(site_id=site_id, run_id=run_id, now=now)
            return None
        run = runs.begin_run(site_id=site_id, run_id=run_id, now=now)
        if run is None:
            return None
        with runs.recorded(run) as progress:
            version = _train(site_id, now, site_recipe(site_id=site_id, recipe=recipe), progress)
            progress.stamp = version.stamp
            progress.outcome = f"{ModelState(version.state).label}. {version.note}"
            return selectors.to_model_info(version)


def _train(site_id: str, now: datetime, recipe: Recipe, progress: Progress) -> ModelVersion:
    started = time.perf_counter()
    with progress.step("data"):
        data = load_training_data(site_id=site_id, recipe=recipe, now=now)
    with progress.step("content"):
        content = fit_from_catalogue(recipe, data.described)
    with progress.step("evaluation"):
        metrics = compare.evaluate_beside(site_id=site_id, data=data, content=content, recipe=recipe)
    with progress.step("fit"):
        model = combine(fit_from_events(recipe, data.sequences, data.all_events, len(data.item_ids)), content)
    with progress.step("vectors"):
        projection, vectors = fit_vectors(recipe, content, EMBEDDING_SIZE)
    version = _new_version(site_id, now, recipe, data, metrics)
    with progress.step("artifact"):
        _store(version, data, model, to_arrays(projection) | {"vectors": vectors})
    with progress.step("promotion"):
        gate.decide(version, min_cases=recipe.min_cases, now=now)
    version.timings = progress.timings
    version.seconds = round(time.perf_counter() - started, 3)
    version.peak_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024, 1)
    version.save(update_fields=["timings", "seconds", "peak_mb"])
    prune.prune_versions(site_id=site_id)
    logger.info("site %s: model %s is %s. %s %s", site_id, version.stamp, version.state, version.note, version.timings)
    return version


def _new_version(
    site_id: str, now: datetime, recipe: Recipe, data: TrainingData, metrics: dict[str, float]
) -> ModelVersion:
    return ModelVersion(
        site_id=site_id,
        stamp=f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
        recipe=recipe.label,
        parameters=recipe.parameters(),
        metrics=metrics,
        data_from=data.data_from,
        data_until=data.data_until,
        event_count=len(data.all_events.item),
        shopper_count=data.shopper_count,
        item_count=len(data.item_ids),
        created_at=now,
    )


def _store(version: ModelVersion, data: TrainingData, model: BlendModel, content: Arrays) -> None:
    """Write the artifact, then the row: a row without an artifact never exists."""
    arrays = {name: getattr(model, name) for name in BlendModel.__slots__}
    arrays |= content | {
        "item_ids": encode_ids(data.item_ids),
        "item_types": encode_ids(data.item_types),
        "published": data.published,
    }
    manifest = Manifest(
        format=0,
        site_id=version.site_id,
        stamp=version.stamp,
        recipe=version.recipe,
        parameters=version.parameters,
        metrics=version.metrics,
        data_from=data.data_from.isoformat() if data.data_from else None,
        data_until=data.data_until.isoformat() if data.data_until else None,
        arrays={},
    )
    write_artifact(manifest=manifest, arrays=arrays)
    version.save()
