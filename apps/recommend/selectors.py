"""Reading what recommend has stored; nothing here writes."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from pgvector.django import CosineDistance

from apps.recommend.contracts.models import ModelInfo
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.models import (
    ItemVector,
    ModelState,
    ModelVersion,
    Placement,
    RunState,
    TrainingRun,
    TrainingSchedule,
)
from specrec.kernel.errors import NotFound

DEFAULT_INTERVAL_HOURS = 24
ANCHOR_VERSIONS = 5


def list_models(*, site_id: str) -> list[ModelInfo]:
    """Return the model versions of a site, newest first."""
    return [to_model_info(version) for version in ModelVersion.objects.filter(site_id=site_id)]


def get_version(*, site_id: str, stamp: str) -> ModelVersion:
    """Return the version; raises NotFound."""
    version = ModelVersion.objects.filter(site_id=site_id, stamp=stamp).first()
    if version is None:
        message = f"The site {site_id} has no model version {stamp}."
        raise NotFound(message, code="model_not_found", field="stamp")
    return version


def find_promoted(*, site_id: str) -> ModelVersion | None:
    """Return the promoted version of a site, or None."""
    return ModelVersion.objects.filter(site_id=site_id, state=ModelState.PROMOTED).first()


def find_promoted_stamp(*, site_id: str) -> str | None:
    """Return the stamp of the promoted version, or None."""
    promoted = ModelVersion.objects.filter(site_id=site_id, state=ModelState.PROMOTED)
    return promoted.values_list("stamp", flat=True).first()


def find_previous(*, site_id: str) -> list[ModelVersion]:
    """Return the versions that a roll-back may go to, the one promoted last first; none that was rolled back itself."""
    earlier = ModelVersion.objects.filter(
        site_id=site_id, state=ModelState.RETIRED, promoted_at__isnull=False, rolled_back_at__isnull=True
    )
    return list(earlier.order_by("-promoted_at"))


def find_shadow(*, site_id: str) -> ModelVersion | None:
    """Return the version of the site that scores in the shadow, or None."""
    return ModelVersion.objects.filter(site_id=site_id, state=ModelState.SHADOW).first()


def list_shadows() -> dict[str, tuple[str, float]]:
    """Return of every site with a version in the shadow its stamp and the share of requests that it scores."""
    stamps = dict(ModelVersion.objects.filter(state=ModelState.SHADOW).values_list("site_id", "stamp"))
    if not stamps:
        return {}
    shares = dict(TrainingSchedule.objects.filter(site_id__in=stamps).values_list("site_id", "shadow_share"))
    usual = TrainingSchedule().shadow_share
    return {site_id: (stamp, shares.get(site_id, usual)) for site_id, stamp in stamps.items()}


def list_promoted_stamps() -> dict[str, str]:
    """Return the promoted stamp of every site that has one."""
    return dict(ModelVersion.objects.filter(state=ModelState.PROMOTED).values_list("site_id", "stamp"))


def find_best_promoted(*, site_id: str, names: Sequence[str]) -> float | None:
    """Return the highest recorded figure of these names among the versions promoted last; None when there is none."""
    promoted = ModelVersion.objects.filter(site_id=site_id, promoted_at__isnull=False, rolled_back_at__isnull=True)
    recorded = promoted.order_by("-promoted_at").values_list("metrics", flat=True)[:ANCHOR_VERSIONS]
    return max((metrics[name] for metrics in recorded for name in names if name in metrics), default=None)


def list_placements(*, site_id: str) -> list[PlacementInfo]:
    """Return the active placements of a site, by key."""
    return [to_placement_info(row) for row in Placement.objects.filter(site_id=site_id, is_active=True)]


def find_placement(*, site_id: str, placement: str) -> PlacementInfo | None:
    """Return the active placement of this key, or None."""
    row = Placement.objects.filter(site_id=site_id, placement=placement, is_active=True).first()
    return None if row is None else to_placement_info(row)


def list_nearest_items(
    *, site_id: str, stamp: str, item_id: str, limit: int, item_types: Sequence[str] = ()
) -> list[tuple[str, float]]:
    """Return the published items nearest in content to this one, with cosine similarity, by the vectors of one version.

    None for an item that has no vector there. Vectors of two versions cannot be compared.
    """
    vectors = ItemVector.objects.filter(site_id=site_id, model_stamp=stamp)
    embedding = vectors.filter(item_id=item_id).values_list("embedding", flat=True).first()
    if embedding is None or limit < 1:
        return []
    found = vectors.filter(published=True).exclude(item_id=item_id)
    if item_types:
        found = found.filter(item_type__in=item_types)
    rows = found.annotate(distance=CosineDistance("embedding", embedding)).order_by("distance")
    with transaction.atomic(), connection.cursor() as cursor:
        # One index serves all sites and versions: without this, filters would be applied to the first few hits only.
        cursor.execute("SET LOCAL hnsw.iterative_scan = strict_order")
        return [(near, 1.0 - distance) for near, distance in rows.values_list("item_id", "distance")[:limit]]


def find_last_training(*, site_id: str) -> datetime | None:
    """Return when the last training of a site began, however it ended; None when there was none."""
    runs = TrainingRun.objects.filter(site_id=site_id).exclude(state__in=(RunState.QUEUED, RunState.SKIPPED))
    return runs.order_by("-started_at").values_list("started_at", flat=True).first()


def has_open_run(*, site_id: str, since: datetime) -> bool:
    """Return whether a training of the site was queued or begun since then and is not over."""
    runs = TrainingRun.objects.filter(site_id=site_id, started_at__gt=since)
    return runs.filter(state__in=(RunState.QUEUED, RunState.RUNNING)).exists()


def find_last_data_until(*, site_id: str) -> datetime | None:
    """Return up to when events were learned from by the newest version of a site."""
    versions = ModelVersion.objects.filter(site_id=site_id)
    return versions.order_by("-created_at").values_list("data_until", flat=True).first()


def get_interval_hours(*, site_id: str) -> int | None:
    """Return the hours between trainings of a site; None when it is trained on demand only."""
    schedule = TrainingSchedule.objects.filter(site_id=site_id).first()
    if schedule is None:
        return DEFAULT_INTERVAL_HOURS
    return schedule.interval_hours if schedule.is_active else None


def get_schedule(*, site_id: str) -> TrainingSchedule:
    """Return how the site is trained and its versions are promoted; without a row the defaults, not stored."""
    return TrainingSchedule.objects.filter(site_id=site_id).first() or TrainingSchedule(site_id=site_id)


def to_model_info(version: ModelVersion) -> ModelInfo:
    """Return the row as it crosses the face."""
    return ModelInfo(
        stamp=version.stamp,
        site_id=version.site_id,
        state=version.state,
        created_at=version.created_at,
        metrics=version.metrics,
        note=version.note,
    )


def to_placement_info(row: Placement) -> PlacementInfo:
    """Return the row as it crosses the face."""
    return PlacementInfo(
        placement=row.placement,
        title=row.title,
        strategy=row.strategy,
        size=row.size,
        item_types=tuple(row.item_types),
        category_ids=tuple(row.category_ids),
        fallback=tuple(row.fallback),
        exclude_purchased_days=row.exclude_purchased_days,
        exclude_history=row.exclude_history,
        filter=row.filter,
        item_ids=tuple(row.item_ids),
        diversity=row.diversity,
        diversity_method=row.diversity_method,
        max_per_brand=row.max_per_brand,
        exploration=row.exploration,
        exploration_method=row.exploration_method,
        cap_impressions=row.cap_impressions,
        cap_days=row.cap_days,
        priority=row.priority,
    )
