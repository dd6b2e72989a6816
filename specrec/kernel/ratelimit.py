"""Fixed-window request counting per key. Failure policy: open (a limiter must not take the shop down).

A process counts for itself and tells Redis in steps of a hundredth of the limit, where it learns what the others have
counted: a large limit costs almost no round trips and may be passed by one step for each process; a limit below 200 is
exact.
"""

import logging
import math
import threading
import time
from dataclasses import dataclass

import redis

from specrec.kernel.errors import Throttled
from specrec.kernel.quick_redis import ask

logger = logging.getLogger(__name__)

_STEPS = 100
_KEPT = 10_000


@dataclass(slots=True)
class _Window:
    """What this process knows of one bucket in one second: the count of all at the last step, and its own since."""

    second: int
    counted: int = 0
    untold: int = 0


_windows: dict[str, _Window] = {}
_lock = threading.Lock()


def check_rate(*, bucket: str, per_second: int, cost: int = 1) -> None:
    """Count `cost` requests of this bucket in the current second; raises Throttled when it has had its share."""
    now = time.time()
    if _count(bucket, int(now), cost, step=max(1, per_second // _STEPS)) > per_second:
        message = f"This key may make {per_second:,} requests a second. Wait and try again."
        raise Throttled(message, retry_after=round(math.floor(now) + 1 - now, 3))


def _count(bucket: str, second: int, cost: int, *, step: int) -> int:
    with _lock:
        window = _windows.get(bucket)
        if window is None or window.second != second:
            if len(_windows) >= _KEPT:
                _windows.clear()
            window = _windows[bucket] = _Window(second)
        window.untold += cost
        if window.untold < step:
            return window.counted + window.untold
        told, window.untold = window.untold, 0
        window.counted += told
    total = _tell(f"rate:{bucket}:{second}", told)
    with _lock:
        if total is not None:
            window.counted = total
        return window.counted + window.untold


def _tell(key: str, cost: int) -> int | None:
    try:
        return int(ask(("INCRBY", key, cost), ("EXPIRE", key, 2))[0])
    except redis.RedisError as error:
        logger.warning("rate limiter unavailable, this process counts for itself: %s", type(error).__name__)
        return None
