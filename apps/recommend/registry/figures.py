"""What monitoring wants to know of models: age, drift, what they do in service and in the shadow, and alerts.

An alert is a figure that is 1 where somebody should look, so that no threshold has to be repeated in the monitoring.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

import redis
from django.db import Error as DatabaseError

from apps.recommend import selectors
from apps.recommend.contracts.models import ModelFigure
from apps.recommend.ml.drift import population_stability
from apps.recommend.models import ModelState, ModelVersion
from apps.recommend.registry import counters, guard
from apps.recommend.registry.drift import FEWEST, Drift, read_drift
from apps.recommend.registry.trials import shadow_figures

logger = logging.getLogger(__name__)

MOVED_PSI = 0.25
KNOWN_SHARE = 0.8
STALE_INTERVALS = 3.0  # times the interval of the site's schedule
_DAY = 86_400.0
ROLLED_BACK_FOR = timedelta(days=1)
_LIVE = ("slates", "asked", "errors", "empty", "served", "seen", "clicked")


def measure_models(*, now: datetime) -> list[ModelFigure]:
    """Return the figures of every site with a promoted version; without a database or Redis what there is."""
    found: list[ModelFigure] = []
    try:
        for version in ModelVersion.objects.filter(state=ModelState.PROMOTED).order_by("site_id"):
            found += _of_version(version, now)
    except (DatabaseError, redis.RedisError) as error:
        logger.warning("models not measured: %s", type(error).__name__)
    return found


def live_figures(version: ModelVersion) -> dict[str, float]:
    """Return what the version did in service, and how far its scores moved since its first day; raises RedisError."""
    sums = guard.read_sums(version)
    moved = _moved_scores(version)
    return {name: sums[name] for name in _LIVE if name in sums} | ({} if moved is None else {"score_psi": moved})


def _of_version(version: ModelVersion, now: datetime) -> Iterator[ModelFigure]:
    site = {"site": version.site_id}
    alerts = {"stale": _is_stale(version, now), "rolled_back": _was_rolled_back(version.site_id, now)}
    yield ModelFigure("age_seconds", "Age of the model that answers.", site, _seconds(now, version.created_at))
    if version.data_until is not None:
        yield ModelFigure("data_age_seconds", "Age of its newest event.", site, _seconds(now, version.data_until))
    live = live_figures(version)
    for name in _LIVE:
        words = "Slates of the model that answers since it was promoted: asked of it, failed, left empty, clicked."
        yield ModelFigure("slates", words, {**site, "what": name}, live.get(name, 0.0))
    alerts["unfit"] = guard.find_fault(version) is not None
    drift = read_drift(site_id=version.site_id)
    psi = dict(drift.psi) if drift is not None and drift.stamp == version.stamp else {}
    psi |= {"score": live["score_psi"]} if "score_psi" in live else {}
    for name, value in psi.items():
        yield ModelFigure("drift_psi", "Population stability since training.", {**site, "feature": name}, value)
    yield from _coverage(drift, site)
    alerts["drift"] = any(value > MOVED_PSI for value in psi.values())
    alerts["coverage"] = drift is not None and any(share < KNOWN_SHARE for share in drift.coverage.values())
    yield from _shadow(version.site_id)
    for name, given in alerts.items():
        yield ModelFigure("alert", "1 where somebody should look.", {**site, "alert": name}, float(given))


def _coverage(drift: Drift | None, site: dict[str, str]) -> Iterator[ModelFigure]:
    for name, share in (drift.coverage if drift is not None else {}).items():
        yield ModelFigure("coverage_share", "Share that the model knows.", {**site, "of": name}, share)


def _shadow(site_id: str) -> Iterator[ModelFigure]:
    shadow = selectors.find_shadow(site_id=site_id)
    if shadow is None:
        return
    sums = counters.read(site_id=site_id, stamp=shadow.stamp)
    for name, value in shadow_figures(sums).items():
        yield ModelFigure("shadow", "The version in the shadow.", {"site": site_id, "what": name}, value)


def _moved_scores(version: ModelVersion) -> float | None:
    """Return the PSI between the scores of the version's first day in service and those of its last."""
    if version.promoted_at is None:
        return None
    start = version.promoted_at.timestamp()
    first, all_days = (
        counters.read(site_id=version.site_id, stamp=version.stamp, since=start, until=until)
        for until in (start + _DAY, float("inf"))
    )
    before = _scores(first)
    after = {name: number - before.get(name, 0.0) for name, number in _scores(all_days).items()}
    if min(sum(before.values()), sum(after.values())) < FEWEST:
        return None
    return population_stability(before, after)


def _scores(sums: dict[str, float]) -> dict[str, float]:
    return {name: number for name, number in sums.items() if name.startswith("top")}


def _is_stale(version: ModelVersion, now: datetime) -> bool:
    hours = selectors.get_interval_hours(site_id=version.site_id)
    return hours is not None and now - version.created_at > timedelta(hours=hours * STALE_INTERVALS)


def _was_rolled_back(site_id: str, now: datetime) -> bool:
    return ModelVersion.objects.filter(site_id=site_id, rolled_back_at__gt=now - ROLLED_BACK_FOR).exists()


def _seconds(now: datetime, moment: datetime) -> float:
    return (now - moment).total_seconds()
