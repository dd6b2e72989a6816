"""When a site is trained: on demand, or when its last training is old enough and it has new events."""

import logging
from datetime import datetime, timedelta

from apps.profiles import api as profiles
from apps.recommend import selectors
from apps.recommend.features.touches import POOR_RATING
from apps.recommend.training import runs
from apps.recommend.training.site_recipe import site_recipe
from apps.tracking import api as tracking
from specrec.kernel import jobs

logger = logging.getLogger(__name__)


def start_training(*, site_id: str, now: datetime) -> None:
    """Enqueue a training of the site; asked for again while it is queued, it is still one. Raises NotFound."""
    profiles.get_site(site_id=site_id)
    run_id = runs.queue_run(site_id=site_id, now=now)
    # Sent again as well: should the first message be lost, this one does it, and the other way round it finds it done.
    jobs.enqueue("recommend.train", site_id=site_id, run_id=str(run_id))
    logger.info("training of %s is queued", site_id)


def train_due_sites(*, now: datetime) -> list[str]:
    """Enqueue a training of each site whose last is older than its interval and that has new events; return which.

    A site whose training is queued or under way is left alone.
    """
    due = [site.site_id for site in profiles.list_sites() if _is_due(site.site_id, now)]
    for site_id in due:
        start_training(site_id=site_id, now=now)
    return due


def _is_due(site_id: str, now: datetime) -> bool:
    hours = selectors.get_interval_hours(site_id=site_id)
    if hours is None or selectors.has_open_run(site_id=site_id, since=now - runs.STALE_AFTER):
        return False
    last = selectors.find_last_training(site_id=site_id)
    if last is not None and now - last < timedelta(hours=hours):
        return False
    since = selectors.find_last_data_until(site_id=site_id)
    newer = None if since is None else since + timedelta(microseconds=1)
    kinds = [kind for kind, weight in site_recipe(site_id=site_id).event_weights.items() if weight > 0]
    found = tracking.load_interactions(site_id=site_id, since=newer, until=now, types=kinds, poor_rating=POOR_RATING)
    return len(found.item) > 0
