"""How often slates of a version were clicked, by day; brought up to date by a background task, read by the guard."""

from datetime import datetime, timedelta
from typing import cast

from apps.recommend import selectors
from apps.tracking import api as tracking
from specrec.kernel.redis import client

_KEPT_SECONDS = 30 * 86_400


def count_outcomes(*, now: datetime) -> list[str]:
    """Count today's and yesterday's slates of every site with a model anew, and return the sites; raises RedisError."""
    sites = sorted(selectors.list_promoted_stamps())
    today = now.date()
    for site_id in sites:
        found = tracking.count_outcomes(site_id=site_id, since=today - timedelta(days=1), until=today)
        with client().pipeline(transaction=True) as pipe:
            for stamp, day, served, seen, clicked in found:
                name = _name(site_id, stamp)
                pipe.hset(name, mapping={f"{day}:served": served, f"{day}:seen": seen, f"{day}:clicked": clicked})
                pipe.expire(name, _KEPT_SECONDS)
            pipe.execute()
    return sites


def read_outcomes(*, site_id: str, stamp: str) -> dict[str, float]:
    """Return how many slates of a version were served, seen and clicked; raises RedisError."""
    found = cast("dict[bytes, bytes]", client().hgetall(_name(site_id, stamp)))
    sums = {"served": 0.0, "seen": 0.0, "clicked": 0.0}
    for field, number in found.items():
        sums[field.decode().partition(":")[2]] += float(number)
    return sums


def _name(site_id: str, stamp: str) -> str:
    return f"models:outcomes:{site_id}:{stamp}"
