"""A version as it is written down: the artifact, and the row with all that is to be known of how it was made."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apps.recommend.ml.fitting import Fitted
from apps.recommend.models import ModelVersion
from apps.recommend.registry import engine_arrays
from apps.recommend.registry.artifacts import Arrays, Manifest, write_artifact
from apps.recommend.registry.unpacked import told
from apps.recommend.training.code_version import find_code_version
from apps.recommend.training.dataset import Happened
from apps.recommend.training.live import live_arrays
from apps.recommend.training.memory import Peak
from apps.recommend.training.recipe import Recipe
from apps.recommend.training.runs import Progress


@dataclass(frozen=True, slots=True)
class Made:
    """What was made. arrays: those beside the engine's; extra: recorded with the parameters, beside the recipe's."""

    recipe: Recipe
    data: Happened
    fitted: Fitted
    arrays: Arrays
    metrics: Mapping[str, float]
    extra: Mapping[str, Any] = field(default_factory=dict)


def store_version(*, site_id: str, made: Made, now: datetime) -> ModelVersion:
    """Write the artifact, then the row, and return it: a row without an artifact never exists."""
    version = _version(site_id, made, now)
    data = made.data
    manifest = Manifest(
        format=0,
        site_id=site_id,
        stamp=version.stamp,
        recipe=version.recipe,
        parameters=version.parameters,
        metrics=version.metrics,
        data_from=data.data_from.isoformat() if data.data_from else None,
        data_until=data.data_until.isoformat() if data.data_until else None,
        arrays={},
    )
    live = live_arrays(data=data, recipe=made.recipe, counts=made.fitted.counts, now=now)
    write_artifact(manifest=manifest, arrays=made.arrays | live | engine_arrays.to_arrays(made.fitted.engine))
    version.save()
    return version


def close_version(version: ModelVersion, progress: Progress, peak: Peak) -> None:
    """Record what the making took, in the version and in its run."""
    version.timings = progress.timings
    version.seconds = round(progress.seconds, 3)
    version.peak_mb = peak.mb
    version.save(update_fields=["timings", "seconds", "peak_mb"])
    progress.stamp = version.stamp
    progress.details |= {
        "recipe": version.recipe,
        "code_version": version.code_version,
        "data_from": None if version.data_from is None else version.data_from.isoformat(),
        "data_until": None if version.data_until is None else version.data_until.isoformat(),
        "counts": version.counts,
        "metrics": version.metrics,
        "timings": version.timings,
        "seconds": version.seconds,
        "peak_mb": peak.mb,
        "grown_mb": peak.grown_mb,
    }


def _version(site_id: str, made: Made, now: datetime) -> ModelVersion:
    data, n_items = made.data, len(made.fitted.engine.tables.popularity)
    return ModelVersion(
        site_id=site_id,
        stamp=f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
        recipe=made.recipe.label,
        parameters={**made.recipe.parameters(), **told(made.recipe.engine), **made.extra},
        metrics=dict(made.metrics),
        data_from=data.data_from,
        data_until=data.data_until,
        event_count=len(data.all_events.item),
        shopper_count=data.shopper_count,
        item_count=n_items,
        counts=data.counts | {"items": n_items},
        code_version=find_code_version(),
        created_at=now,
    )


def add_to_note(version: ModelVersion, words: str) -> None:
    """Say something more of the version."""
    if words:
        version.note += words
        version.save(update_fields=["note"])
