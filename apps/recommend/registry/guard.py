"""The guard of what answers: a version that fails, empties slates or loses the clicks is taken out of service.

It is judged on its own slates, by what its site allows, and beside the version before it: what that one did as badly is
not the new one's fault. One that was gone back to is left in service whatever it does, because then the fault is not in
the model. Failure policy: without Redis there are no counts, and nothing is judged.
"""

import logging
import math
from collections.abc import Mapping
from datetime import datetime

import redis

from apps.recommend import selectors
from apps.recommend.models import ModelState, ModelVersion, TrainingSchedule
from apps.recommend.registry import counters
from apps.recommend.registry.artifacts import BadArtifact
from apps.recommend.registry.outcomes import read_outcomes
from apps.recommend.registry.promote import roll_back
from specrec.kernel.errors import Conflict

logger = logging.getLogger(__name__)

Sums = Mapping[str, float]
WORSE = 1.5  # so many times as often as the version before
_NORMAL = 1.96


def guard_models(*, now: datetime) -> list[str]:
    """Judge every promoted version and roll back those at fault; return the stamps that were taken out."""
    taken_out: list[str] = []
    for version in ModelVersion.objects.filter(state=ModelState.PROMOTED):
        try:
            fault = find_fault(version)
        except redis.RedisError as error:
            logger.warning("models not guarded, Redis unavailable: %s", type(error).__name__)
            return taken_out
        if fault is not None and _take_out(version, fault, now):
            taken_out.append(version.stamp)
    return taken_out


def find_fault(version: ModelVersion) -> str | None:
    """Return in words why this promoted version is unfit, None where nothing speaks against it; raises RedisError."""
    before = selectors.find_previous(site_id=version.site_id)
    own = read_sums(version)
    theirs = read_sums(before[0]) if before else {}
    return judge_live(own, theirs, selectors.get_schedule(site_id=version.site_id))


def read_sums(version: ModelVersion) -> dict[str, float]:
    """Return what the version did since it was promoted, and what became of its slates; raises RedisError."""
    since = version.promoted_at.timestamp() if version.promoted_at is not None else 0.0
    sums = counters.read(site_id=version.site_id, stamp=version.stamp, since=since)
    return sums | read_outcomes(site_id=version.site_id, stamp=version.stamp)


def judge_live(own: Sums, before: Sums, limits: TrainingSchedule) -> str | None:
    """Return in words what is wrong with a version that did `own`, the one before having done `before`."""
    for name, base, limit, words in (
        ("errors", "slates", limits.max_error_share, "had a failed step"),
        ("empty", "asked", limits.max_empty_share, "were left empty by the model"),
    ):
        share = _share(own, name, base, limits.min_slates)
        usual = _share(before, name, base, limits.min_slates)
        if share is not None and share > limit and (usual is None or share > usual * WORSE):
            beside = "" if usual is None else f", of the version before {usual:.1%}"
            return f"{share:.1%} of {own[base]:,.0f} slates {words}; {limit:.1%} may be{beside}."
    return _lost_clicks(own, before, limits)


def _lost_clicks(own: Sums, before: Sums, limits: TrainingSchedule) -> str | None:
    """Clicks are few, so chance is left room: the upper end of the rate's interval must be below what is allowed."""
    base = "seen" if own.get("seen") and before.get("seen") else "served"
    rate, usual = (_share(sums, "clicked", base, limits.min_slates) for sums in (own, before))
    if rate is None or usual is None or not usual:
        return None
    least = usual * (1.0 - limits.max_ctr_drop)
    if _upper_end(rate, own[base]) >= least:
        return None
    return (
        f"{rate:.2%} of {own[base]:,.0f} slates {base} were clicked, of the version before {usual:.2%} of "
        f"{before[base]:,.0f}; at least {least:.2%} must be."
    )


def _share(sums: Sums, name: str, base: str, least: int) -> float | None:
    number = sums.get(base, 0.0)
    return sums.get(name, 0.0) / number if number >= least else None


def _upper_end(rate: float, number: float) -> float:
    """Return the upper end of the 95 % interval of a share (Wilson 1927)."""
    square = _NORMAL**2 / number
    spread = _NORMAL * math.sqrt(rate * (1.0 - rate) / number + square / (4.0 * number))
    return (rate + square / 2.0 + spread) / (1.0 + square)


def _take_out(version: ModelVersion, fault: str, now: datetime) -> bool:
    """Roll back, if there is anything to go back to that is not known to be as bad; return whether it was done."""
    if is_gone_back_to(version):
        logger.error("model %s stays though unfit, for it was gone back to itself: %s", version.stamp, fault)
        return False
    try:
        roll_back(site_id=version.site_id, now=now, stamp=version.stamp, reason=f"Rolled back by itself: {fault}")
    except (Conflict, BadArtifact) as error:
        logger.error("model %s stays though unfit: %s %s", version.stamp, fault, error.message)  # noqa: TRY400 - an expected outcome, its message says all
        return False
    return True


def is_gone_back_to(version: ModelVersion) -> bool:
    """Return whether it answers because another was taken out at that moment."""
    moment = version.promoted_at
    others = ModelVersion.objects.filter(site_id=version.site_id, rolled_back_at=moment)
    return moment is not None and others.exists()
