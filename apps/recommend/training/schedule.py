"""When a site is trained or refreshed: on demand, or when the last time is long enough ago and new events came."""

import logging
from datetime import datetime, timedelta

from apps.profiles import api as profiles
from apps.recommend import selectors
from apps.recommend.features.touches import POOR_RATING
from apps.recommend.models import ModelVersion, RunKind, RunState, TrainingRun
from apps.recommend.training import runs
from apps.recommend.training.recipes import get_recipe
from apps.recommend.training.site_recipe import site_recipe
from apps.tracking import api as tracking
from specrec.kernel import jobs
from specrec.kernel.errors import Problem

logger = logging.getLogger(__name__)


def start_training(*, site_id: str, now: datetime, recipe: str | None = None) -> None:
    """Enqueue a training of the site; asked for again while it is queued, it is still one.

    recipe: name or label, instead of the one of the site's schedule. Raises NotFound for the site or the recipe, and
    Invalid for a recipe that cannot be read.
    """
    profiles.get_site(site_id=site_id)
    if recipe is not None:
        get_recipe(recipe)
    run_id = runs.queue_run(site_id=site_id, now=now, recipe=recipe)
    # Sent again as well: should the first message be lost, this one does it, and the other way round it finds it done.
    jobs.enqueue("recommend.train", site_id=site_id, run_id=str(run_id))
    logger.info("training of %s is queued", site_id)


def start_refresh(*, site_id: str, now: datetime) -> None:
    """Enqueue a refresh of the site's promoted version, as `start_training` does; raises NotFound."""
    profiles.get_site(site_id=site_id)
    run_id = runs.queue_run(site_id=site_id, now=now, kind=RunKind.REFRESH)
    jobs.enqueue("recommend.refresh_model", site_id=site_id, run_id=str(run_id))
    logger.info("refresh of %s is queued", site_id)


def train_due_sites(*, now: datetime) -> list[str]:
    """Enqueue a training of each site whose last is older than its interval and that has new events; return which.

    A site whose training is queued or under way is left alone.
    """
    due = [site.site_id for site in profiles.list_sites() if _is_due(site.site_id, now)]
    for site_id in due:
        start_training(site_id=site_id, now=now)
    return due


def refresh_due_models(*, now: datetime) -> list[str]:
    """Enqueue a refresh of each promoted version that is older than its site wants, where events came; return which.

    A site that is trained on demand only is not refreshed either.
    """
    due = [site.site_id for site in profiles.list_sites() if _is_stale(site.site_id, now)]
    for site_id in due:
        start_refresh(site_id=site_id, now=now)
    return due


def _is_due(site_id: str, now: datetime) -> bool:
    hours = selectors.get_interval_hours(site_id=site_id)
    if hours is None or selectors.has_open_run(site_id=site_id, since=now - runs.STALE_AFTER):
        return False
    last = _last_run(site_id, [RunKind.FULL])
    if last is None:
        return _has_new_events(site_id, since=None, now=now)
    if now - last.started_at < timedelta(hours=hours):
        return False
    return _has_new_events(site_id, since=_learned_until(site_id, last), now=now)


def _is_stale(site_id: str, now: datetime) -> bool:
    schedule = selectors.get_schedule(site_id=site_id)
    if not schedule.is_active or not schedule.refresh_minutes:
        return False
    promoted = selectors.find_promoted(site_id=site_id)
    if promoted is None or selectors.has_open_run(site_id=site_id, since=now - runs.STALE_AFTER):
        return False
    last = _last_run(site_id, [RunKind.FULL, RunKind.REFRESH])
    if last is not None and now - last.started_at < timedelta(minutes=schedule.refresh_minutes):
        return False
    # What the last run learned, promoted or not: rejected, the same events would only be rejected again.
    learned = promoted.data_until if last is None else _learned_until(site_id, last) or promoted.data_until
    return _has_new_events(site_id, since=learned, now=now)


def _last_run(site_id: str, kinds: list[RunKind]) -> TrainingRun | None:
    """Return the last run of these kinds that began, however it ended."""
    begun = TrainingRun.objects.filter(site_id=site_id, kind__in=kinds)
    return begun.exclude(state__in=(RunState.QUEUED, RunState.SKIPPED)).order_by("-started_at").first()


def _learned_until(site_id: str, run: TrainingRun) -> datetime | None:
    """Return the time of the newest event that the run learned from; None where it made no version that there is."""
    made = ModelVersion.objects.filter(site_id=site_id, stamp=run.stamp)
    return made.values_list("data_until", flat=True).first() if run.stamp else None


def _has_new_events(site_id: str, *, since: datetime | None, now: datetime) -> bool:
    newer = None if since is None else since + timedelta(microseconds=1)
    try:
        weights = site_recipe(site_id=site_id).event_weights
    except Problem as problem:
        # Trained all the same: the run then fails, where an operator sees it.
        logger.warning("the recipe of %s cannot be used: %s", site_id, problem.message)
        return True
    kinds = [kind for kind, weight in weights.items() if weight > 0]
    found = tracking.load_interactions(site_id=site_id, since=newer, until=now, types=kinds, poor_rating=POOR_RATING)
    return len(found.item) > 0
