"""Step 8: say what was served. Off the request: a bounded buffer, flushed by a thread to the stream of events.

Best effort: what a crash takes, or what does not fit while the stream is away, is lost; the latter is counted.
"""

import atexit
import logging
import os
import threading
from collections import deque
from typing import cast

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection

from apps.recommend import conf
from apps.recommend.serving.state import Draft
from apps.tracking import api as tracking
from apps.tracking.contracts import Exposure
from specrec.kernel.errors import Unavailable
from specrec.kernel.redis import client

logger = logging.getLogger(__name__)

_AT_ONCE = 1_000
_LOST = "exposures:lost"  # in Redis, of all processes


def record_exposure(draft: Draft) -> None:
    """Put the slate into the buffer; an empty slate was not seen by anybody."""
    if not draft.items:
        return
    _BUFFER.add(
        Exposure(
            site_id=draft.site_id,
            recommendation_id=draft.recommendation_id,
            time=draft.now,
            placement=draft.placement.placement,
            shopper_id=draft.shopper_id,
            item_ids=[item.item_id for item in draft.items],
            strategy=draft.placement.strategy,
            fallback=draft.fallback,
            model=None if draft.ready.loaded is None else draft.ready.loaded.stamp,
            channel=draft.request.channel,
            store_id=draft.request.store_id,
            experiments=[side.label for side in draft.assigned],
            propensities=list(draft.propensities) or None,
        )
    )


def flush_exposures() -> None:
    """Write what is in the buffer now."""
    _BUFFER.flush()


def exposure_counts() -> dict[str, int]:
    """Return how many exposures of this process wait and how many were lost."""
    return _BUFFER.counts()


def count_lost() -> int | None:
    """Return how many exposures all processes have lost so far; None where Redis does not answer."""
    try:
        found = client().get(_LOST)
    except redis.RedisError:
        logger.warning("nobody can tell how many exposures were lost: Redis does not answer")
        return None
    return int(cast("bytes | None", found) or 0)


class ExposureBuffer:
    """Exposures of one process on their way to the stream."""

    def __init__(self, *, size: int) -> None:
        self._waiting: deque[Exposure] = deque()
        self._size = size
        self._lost = 0
        self._lock = threading.Lock()
        self._thread_of: int | None = None

    def add(self, exposure: Exposure) -> None:
        """Keep it for the next flush, or count it as lost when there is no room."""
        if len(self._waiting) >= self._size:
            self._lost += 1
            return
        self._waiting.append(exposure)
        # Where nothing is polled (tests) nothing runs beside the requests: `flush` is called by hand.
        if self._thread_of != os.getpid() and settings.MODEL_POLL_SECONDS > 0:
            self._start()

    def counts(self) -> dict[str, int]:
        """Return how many wait and how many were lost."""
        return {"waiting": len(self._waiting), "lost": self._lost}

    def flush(self) -> None:
        """Write what waits; what cannot be written now stays, what can never be written is counted as lost."""
        with self._lock:
            while batch := [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]:
                try:
                    tracking.record_exposures(exposures=batch)
                except (DatabaseError, Unavailable, OSError) as error:
                    self._waiting.extendleft(reversed(batch))
                    logger.warning("exposures not written, %d wait: %s", len(self._waiting), type(error).__name__)
                    connection.close()
                    return
                except Exception:
                    # Not a part that is away but a defect: the same batch would fail for ever and hold up the others.
                    self._lost += len(batch)
                    logger.exception("%d exposures cannot be written and are lost", len(batch))

    def _start(self) -> None:
        with self._lock:
            pid = os.getpid()
            if self._thread_of == pid:
                return
            if self._thread_of is not None:
                self._waiting.clear()  # copied by a fork: the parent writes those
            self._thread_of = pid
            threading.Thread(target=self._follow, name="exposures", daemon=True).start()
            atexit.register(self.flush)

    def _follow(self) -> None:
        pause = threading.Event()
        lost = 0
        while not pause.wait(conf.EXPOSURE_FLUSH_SECONDS):
            try:
                if self._waiting:
                    close_old_connections()
                    self.flush()
            except Exception:
                # The thread must outlive any defect, or nothing more of this process would be written.
                logger.exception("exposures not written, %d wait", len(self._waiting))
            if self._lost > lost:
                logger.error("exposures lost so far: %d", self._lost)
                lost += _tell_lost(self._lost - lost)


def _tell_lost(number: int) -> int:
    """Add what this process has lost to what all have; return how many were told."""
    try:
        client().incrby(_LOST, number)
    except redis.RedisError:
        logger.warning("%d lost exposures are not counted yet: Redis does not answer", number)
        return 0
    return number


_BUFFER = ExposureBuffer(size=conf.EXPOSURES_KEPT)
