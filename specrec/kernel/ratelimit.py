"""Fixed-window request counting per key. Failure policy: open (a limiter must not take the shop down)."""

import logging
import math
import time

import redis

from specrec.kernel.errors import Throttled
from specrec.kernel.quick_redis import ask

logger = logging.getLogger(__name__)


def check_rate(*, bucket: str, per_second: int, cost: int = 1) -> None:
    """Count `cost` requests of this bucket in the current second; raises Throttled when it has had its share."""
    now = time.time()
    key = f"rate:{bucket}:{int(now)}"
    try:
        used = int(ask(("INCRBY", key, cost), ("EXPIRE", key, 2))[0])
    except redis.RedisError as error:
        logger.warning("rate limiter unavailable, letting the request through: %s", type(error).__name__)
        return
    if used > per_second:
        message = f"This key may make {per_second:,} requests a second. Wait and try again."
        raise Throttled(message, retry_after=round(math.floor(now) + 1 - now, 3))
