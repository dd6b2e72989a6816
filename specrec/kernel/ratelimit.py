"""Fixed-window request counting per key. Failure policy: open (a limiter must not take the shop down).

A process takes its share of a second from Redis in small leases, so that most requests cost no round trip. The sum over
all processes never passes the limit; what a process leased and did not use (a fiftieth of the limit) is lost to the others.
"""

import logging
import math
import time
from threading import Lock

import redis

from specrec.kernel.errors import Throttled
from specrec.kernel.redis import client

logger = logging.getLogger(__name__)

LEASES_A_SECOND = 50
MAX_BUCKETS = 10_000

# By bucket: the second, and how many requests of it this process may still let through.
_leases: dict[str, tuple[int, int]] = {}
_lock = Lock()


def check_rate(*, bucket: str, per_second: int, cost: int = 1) -> None:
    """Count `cost` requests of this bucket in the current second; raises Throttled when it has had its share."""
    now = time.time()
    second = int(now)
    with _lock:
        leased_in, left = _leases.get(bucket, (0, 0))
        if leased_in != second:
            left = 0
        if 0 <= left < cost:
            left = _lease(bucket, second, per_second, cost)
        _keep(bucket, second, left - cost if left >= cost else -1)
    if left < cost:
        message = f"This key may make {per_second:,} requests a second. Wait and try again."
        raise Throttled(message, retry_after=round(math.floor(now) + 1 - now, 3))


def forget_all() -> None:
    """Give up all leases, as a new process has none."""
    _leases.clear()


def _lease(bucket: str, second: int, per_second: int, cost: int) -> int:
    """Return how many requests Redis grants for this second; everything asked for when Redis does not answer."""
    size = max(cost, per_second // LEASES_A_SECOND)
    key = f"rate:{bucket}:{second}"
    try:
        pipeline = client().pipeline(transaction=False)
        pipeline.incrby(key, size)
        pipeline.expire(key, 2)
        used = int(pipeline.execute()[0])
    except redis.RedisError as error:
        logger.warning("rate limiter unavailable, letting requests through: %s", type(error).__name__)
        return size
    return min(size, per_second - (used - size))


def _keep(bucket: str, second: int, left: int) -> None:
    """Remember what is left; below zero stands for "no more in this second"."""
    if len(_leases) >= MAX_BUCKETS and bucket not in _leases:
        _leases.clear()
    _leases[bucket] = (second, left)
