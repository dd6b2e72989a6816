"""A rebuild beside the features in use, to see whether both are the same."""

import time
from datetime import datetime

import redis

from apps.recommend.contracts.features import FeatureCheck
from apps.recommend.features.compare import compare
from apps.recommend.features.rebuild import Progress, rebuild
from apps.recommend.features.redis_store import RedisStore
from specrec.kernel.crypto import new_secret


def check_features(client: "redis.Redis", *, now: datetime, progress: Progress) -> FeatureCheck:
    """Rebuild under a name of its own, compare, and remove it again."""
    copy = RedisStore(client, prefix=f"features-check-{new_secret(8)}")
    try:
        rebuild(copy, now=now, over=lambda: False, progress=progress)
        return compare(RedisStore(client), copy, now=time.time)
    finally:
        copy.clear()
