"""The models that this process answers with: loaded once, swapped when another version is promoted.

Failure policy: fall back. When the database or an artifact cannot be read, the last loaded version stays, and the
reason is logged; a site that never had one has None, and serving goes on along its fallback chain. What could not be
read, or was damaged, is tried again after growing pauses; what is whole and does not fit this program never is.
"""

import logging
import math
import os
import threading
from dataclasses import dataclass
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections

from apps.recommend.registry.artifacts import BadArtifact, DamagedArtifact, UnreadArtifact
from apps.recommend.registry.unpacked import LoadedModel, read_version
from apps.recommend.selectors import find_promoted_stamp, list_promoted_stamps

logger = logging.getLogger(__name__)

FIRST_PAUSE = 5.0
LONGEST_PAUSE = 300.0


def get_loaded(site_id: str) -> LoadedModel | None:
    """Return the model of this site, None when none is promoted. Only the first call for a site waits for loading."""
    return _REGISTRY.get(site_id)


def refresh_loaded() -> None:
    """Load now what was promoted or rolled back since; what the background thread does about every second."""
    _REGISTRY.refresh()


def forget_loaded() -> None:
    """Drop every loaded model, as a fresh process would have it."""
    _REGISTRY.forget()


@dataclass(frozen=True, slots=True)
class _Failure:
    """A version that was not loaded, and from when on (monotonic) it may be tried again."""

    stamp: str
    pause: float
    again_at: float


class _Registry:
    """The loaded models of one process. Readers take no lock: they read a dictionary whose values are swapped whole."""

    def __init__(self) -> None:
        self._models: dict[str, LoadedModel | None] = {}
        self._failed: dict[str, _Failure] = {}
        self._lock = threading.Lock()
        self._thread_of: int | None = None

    def get(self, site_id: str) -> LoadedModel | None:
        if settings.MODEL_POLL_SECONDS <= 0:
            self._check(site_id)
        elif self._thread_of != os.getpid():
            self._start()
        if site_id not in self._models:
            self._check(site_id)
        return self._models.get(site_id)

    def forget(self) -> None:
        with self._lock:
            self._models = {}
            self._failed = {}

    def refresh(self) -> None:
        stamps = list_promoted_stamps()
        for site_id in list(self._models):
            self._swap(site_id, stamps.get(site_id))

    def _check(self, site_id: str) -> None:
        try:
            self._swap(site_id, find_promoted_stamp(site_id=site_id))
        except DatabaseError as error:
            logger.warning("model of %s not checked, database unavailable: %s", site_id, type(error).__name__)

    def _swap(self, site_id: str, stamp: str | None) -> None:
        """Load the version unless it is the one at hand, or failed and its time has not come."""
        if stamp is None:
            self._models[site_id] = None
            return
        if self._is_settled(site_id, stamp):
            return
        with self._lock:
            if self._is_settled(site_id, stamp):  # another thread was here first
                return
            current = self._models.get(site_id)
            try:
                self._models[site_id] = read_version(site_id=site_id, stamp=stamp)
            except (BadArtifact, OSError) as error:
                self._failed[site_id] = self._next_failure(site_id, stamp, error)
                self._models.setdefault(site_id, None)
                logger.error("model not loaded, %s stays: %s", current.stamp if current else "no model", error)  # noqa: TRY400 - an expected outcome, its message says all
                return
            self._failed.pop(site_id, None)
        logger.info("site %s answers with model %s", site_id, stamp)

    def _is_settled(self, site_id: str, stamp: str) -> bool:
        current, failure = self._models.get(site_id), self._failed.get(site_id)
        if current is not None and current.stamp == stamp:
            return True
        return failure is not None and failure.stamp == stamp and monotonic() < failure.again_at

    def _next_failure(self, site_id: str, stamp: str, error: Exception) -> _Failure:
        if isinstance(error, BadArtifact) and not isinstance(error, UnreadArtifact | DamagedArtifact):
            return _Failure(stamp, math.inf, math.inf)
        last = self._failed.get(site_id)
        pause = min(last.pause * 2, LONGEST_PAUSE) if last is not None and last.stamp == stamp else FIRST_PAUSE
        return _Failure(stamp, pause, monotonic() + pause)

    def _start(self) -> None:
        with self._lock:
            if self._thread_of == os.getpid():
                return
            self._thread_of = os.getpid()
            threading.Thread(target=self._follow, name="model-refresh", daemon=True).start()

    def _follow(self) -> None:
        pause: Any = threading.Event()
        while not pause.wait(settings.MODEL_POLL_SECONDS):
            try:
                close_old_connections()  # no request does it for this thread: a broken one would be asked for ever
                self.refresh()
            except DatabaseError as error:
                logger.warning("models not refreshed, database unavailable: %s", type(error).__name__)
            except Exception:
                # The thread must outlive any defect, or the process would answer from an old model for ever.
                logger.exception("models not refreshed, what was loaded last stays")


_REGISTRY = _Registry()
