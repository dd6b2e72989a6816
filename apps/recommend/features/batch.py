"""Features of a season, computed beside the stream and put into the same store."""

import logging
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from apps.profiles import api as profiles
from apps.recommend import conf
from apps.recommend.features.define import DailyReading
from apps.recommend.features.store import FeatureStore
from apps.recommend.features.values import BATCH_DEFINITIONS
from apps.recommend.features.weights import get_weights
from apps.tracking import api as tracking

logger = logging.getLogger(__name__)

_START = date(1970, 1, 1)


def refresh_features(store: FeatureStore, *, now: datetime) -> list[str]:
    """Compute the batch features of every site anew and return the sites done; one that fails holds up no other."""
    done = []
    for site in profiles.list_sites():
        try:
            refresh_site(store, site_id=site.site_id, now=now)
        except Exception:
            # Whatever it is: the sites behind it are not to grow old because of this one.
            logger.exception("the batch features of site %s stay as they were", site.site_id)
        else:
            done.append(site.site_id)
    return done


def refresh_site(store: FeatureStore, *, site_id: str, now: datetime) -> None:
    """Compute the batch features of the site from the daily counts and replace what was stored of each."""
    weights = get_weights(site_id=site_id)
    today = now.astimezone(UTC).date()
    reading = DailyReading(
        day=(today - _START).days, weights=weights, events=_load(site_id=site_id, today=today, weights=weights)
    )
    for definition in BATCH_DEFINITIONS:
        store.write_batch(site_id=site_id, name=definition.name, values=definition.compute(reading))


def _load(*, site_id: str, today: date, weights: Mapping[str, float]) -> dict[str, dict[str, dict[int, int]]]:
    since = today - max(definition.window for definition in BATCH_DEFINITIONS) + timedelta(days=1)
    types = sorted({*weights, *conf.SEASON_TYPES})
    events: dict[str, dict[str, dict[int, int]]] = {}
    for kind, item_id, day, count in tracking.sum_item_days(site_id=site_id, since=since, until=today, types=types):
        events.setdefault(kind, {}).setdefault(item_id, {})[(day - _START).days] = count
    return events
