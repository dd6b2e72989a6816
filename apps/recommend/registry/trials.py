"""The end of a time in the shadow: the version answers, or is rejected with what it did wrong."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

import redis

from apps.recommend import selectors
from apps.recommend.models import ModelState, ModelVersion, Promotion, TrainingSchedule
from apps.recommend.registry import counters
from apps.recommend.registry.artifacts import BadArtifact
from apps.recommend.registry.drift import score_drift
from apps.recommend.registry.guard import WORSE
from apps.recommend.registry.promote import promote_model, shadow_model

logger = logging.getLogger(__name__)

_PATIENCE = 4.0  # times the hours in the shadow; then what was scored has to do


def judge_shadows(*, now: datetime) -> list[str]:
    """End the time in the shadow of versions whose hours are over, and let the newest candidate follow.

    Only where the site promotes after a shadow; elsewhere a person put it there and takes it out. Returns the stamps
    that were judged. Failure policy: without Redis nothing is judged.
    """
    judged: list[str] = []
    for version in ModelVersion.objects.filter(state=ModelState.SHADOW):
        limits = selectors.get_schedule(site_id=version.site_id)
        if limits.promotion != Promotion.AFTER_SHADOW:
            continue
        try:
            sums = counters.read(site_id=version.site_id, stamp=version.stamp)
        except redis.RedisError as error:
            logger.warning("shadows not judged, Redis unavailable: %s", type(error).__name__)
            return judged
        if is_over(version, sums, limits, now=now):
            _end(version, sums, limits, now)
            judged.append(version.stamp)
    return judged


def is_over(version: ModelVersion, sums: Mapping[str, float], limits: TrainingSchedule, *, now: datetime) -> bool:
    """Return whether the version was long enough in the shadow, and scored enough or was waited for long enough."""
    if version.shadowed_at is None:
        return True
    hours = (now - version.shadowed_at) / timedelta(hours=1)
    enough = sums.get("shadow_scored", 0.0) >= limits.min_slates * limits.shadow_share
    return hours >= limits.shadow_hours * (1.0 if enough else _PATIENCE)


def find_fault(sums: Mapping[str, float], limits: TrainingSchedule) -> str | None:
    """Return in words what the version did wrong in the shadow; None for nothing."""
    scored = sums.get("shadow_scored", 0.0)
    if not scored:
        return None
    errors, empty, usual = (sums.get(name, 0.0) / scored for name in ("shadow_errors", "shadow_empty", "served_empty"))
    if errors > limits.max_error_share:
        return f"In the shadow {errors:.1%} of {scored:,.0f} requests failed; {limits.max_error_share:.1%} may."
    if empty > limits.max_empty_share and empty > usual * WORSE:
        return (
            f"In the shadow it found nothing for {empty:.1%} of {scored:,.0f} requests, the promoted version for "
            f"{usual:.1%}; {limits.max_empty_share:.1%} may be."
        )
    return None


def shadow_figures(sums: Mapping[str, float]) -> dict[str, float]:
    """Return what was counted in the shadow as figures: shares of what was scored, mean milliseconds, score drift."""
    scored, dropped = sums.get("shadow_scored", 0.0), sums.get("shadow_dropped", 0.0)
    if not scored:
        return {"scored": 0.0, "dropped": dropped}
    names = {"overlap@10": "overlap", "empty_share": "empty", "error_share": "errors", "ms": "ms"}
    shares = {name: sums.get(f"shadow_{counted}", 0.0) / scored for name, counted in names.items()}
    drift = score_drift(sums, expected="served_top", actual="shadow_top")
    return {"scored": scored, "dropped": dropped} | shares | ({} if drift is None else {"score_psi": drift})


def _end(version: ModelVersion, sums: Mapping[str, float], limits: TrainingSchedule, now: datetime) -> None:
    fault, figures, site_id = find_fault(sums, limits), shadow_figures(sums), version.site_id
    version.metrics |= {f"shadow_{name}": round(value, 6) for name, value in figures.items()}
    version.save(update_fields=["metrics"])
    promoted = selectors.find_promoted(site_id=site_id)
    if promoted is not None and version.created_at <= promoted.created_at:  # by a person; the gate never saw that one
        retired = {"state": ModelState.RETIRED, "note": f"{version.note} Overtaken by a newer version."}
        ModelVersion.objects.filter(pk=version.pk, state=ModelState.SHADOW).update(**retired)
        _follow(site_id, now)
        return
    if fault is None:
        words = f"In the shadow: {figures['scored']:,.0f} requests, overlap@10 {figures.get('overlap@10', 0.0):.2f}."
        fault = _try_to_promote(version, words, now)
    if fault is not None:
        changes = {"state": ModelState.REJECTED, "note": fault}
        ModelVersion.objects.filter(pk=version.pk, state=ModelState.SHADOW).update(**changes)
        logger.warning("model %s is rejected. %s", version.stamp, fault)
    _follow(site_id, now)


def _try_to_promote(version: ModelVersion, words: str, now: datetime) -> str | None:
    try:
        promote_model(site_id=version.site_id, stamp=version.stamp, now=now, note=f"{version.note} {words}")
    except BadArtifact as error:
        return error.message
    return None


def _follow(site_id: str, now: datetime) -> None:
    """Put the newest candidate into the shadow; older ones have been overtaken by it or by what answers now."""
    promoted = selectors.find_promoted(site_id=site_id)
    waiting = ModelVersion.objects.filter(site_id=site_id, state=ModelState.CANDIDATE).order_by("-created_at")
    for version in list(waiting):
        overtaken = promoted is not None and version.created_at <= promoted.created_at
        if overtaken or selectors.find_shadow(site_id=site_id) is not None:
            note = f"{version.note} Overtaken by a newer version."
            ModelVersion.objects.filter(pk=version.pk).update(state=ModelState.RETIRED, note=note)
            continue
        try:
            shadow_model(site_id=site_id, stamp=version.stamp, now=now)
        except BadArtifact as error:
            ModelVersion.objects.filter(pk=version.pk).update(state=ModelState.REJECTED, note=error.message)
