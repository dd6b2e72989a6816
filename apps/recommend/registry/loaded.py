"""The models that this process answers with: loaded once, swapped when another version is promoted.

Failure policy: fall back. When the database or an artifact cannot be read, the last loaded version stays, and the
reason is logged; a site that never had one has None, and serving goes on along its fallback chain. What could not be
read is tried again after growing pauses; what was read and is not what was written never is.
"""

import logging
import math
import os
import threading
from dataclasses import dataclass
from time import monotonic
from typing import Any

import msgspec
import numpy as np
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections

from apps.recommend.ml.blend import BlendParams
from apps.recommend.registry.artifacts import Artifact, BadArtifact, UnreadArtifact, read_artifact
from apps.recommend.selectors import find_promoted_stamp, list_promoted_stamps

logger = logging.getLogger(__name__)

FIRST_PAUSE = 5.0
LONGEST_PAUSE = 300.0

# What an artifact must hold, and as what; anything else means that it was written by another program.
_EXPECTED = {
    "item_ids": "|u1",
    "covis_indptr": "<i4",
    "covis_indices": "<i4",
    "covis_weights": "<f4",
    "content_indptr": "<i4",
    "content_indices": "<i4",
    "content_weights": "<f4",
    "popularity": "<f4",
}


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A promoted version, ready to answer. Rows are the model's own, in the order of `item_ids`.

    covis_*, content_*: neighbour lists as CSR (int32, int32, float32), columns by falling weight
    popularity: float32 [n], between 0 and 1
    """

    stamp: str
    item_ids: list[str]
    row_of: dict[str, int]
    covis_indptr: np.ndarray
    covis_indices: np.ndarray
    covis_weights: np.ndarray
    content_indptr: np.ndarray
    content_indices: np.ndarray
    content_weights: np.ndarray
    popularity: np.ndarray
    params: BlendParams


def get_loaded(site_id: str) -> LoadedModel | None:
    """Return the model of this site, None when none is promoted. Only the first call for a site waits for loading."""
    return _REGISTRY.get(site_id)


def refresh_loaded() -> None:
    """Load now what was promoted or rolled back since; what the background thread does about every second."""
    _REGISTRY.refresh()


def forget_loaded() -> None:
    """Drop every loaded model, as a fresh process would have it."""
    _REGISTRY.forget()


def to_loaded(artifact: Artifact) -> LoadedModel:
    """Return the artifact as a model; raises BadArtifact when arrays are missing or do not fit together."""
    manifest, arrays = artifact.manifest, artifact.arrays
    for name, dtype in _EXPECTED.items():
        if name not in arrays or arrays[name].dtype.str != dtype:
            raise _unusable(manifest.stamp, f"the array {name} is missing or not of type {dtype}")
    item_ids = decode_ids(arrays["item_ids"])
    _check_shapes(manifest.stamp, arrays, len(item_ids))
    try:
        params = msgspec.convert(manifest.parameters.get("blend", {}), type=BlendParams)
    except msgspec.ValidationError as error:
        raise _unusable(manifest.stamp, f"its blend parameters cannot be read: {error}") from error
    return LoadedModel(
        stamp=manifest.stamp,
        item_ids=item_ids,
        row_of={item_id: row for row, item_id in enumerate(item_ids)},
        params=params,
        **{name: arrays[name] for name in _EXPECTED if name != "item_ids"},
    )


def encode_ids(item_ids: list[str]) -> np.ndarray:
    """Return identifiers as one array of bytes; they hold no line breaks (see `wire.Id`)."""
    return np.frombuffer("\n".join(item_ids).encode(), dtype=np.uint8)


def decode_ids(data: np.ndarray) -> list[str]:
    """Return what `encode_ids` was given."""
    text = data.tobytes().decode()
    return text.split("\n") if text else []


def _check_shapes(stamp: str, arrays: dict[str, np.ndarray], size: int) -> None:
    if arrays["popularity"].shape != (size,):
        raise _unusable(stamp, f"popularity does not have one value for each of {size} items")
    for kind in ("covis", "content"):
        indptr, indices, weights = (arrays[f"{kind}_{part}"] for part in ("indptr", "indices", "weights"))
        fits = indptr.shape == (size + 1,) and indices.shape == weights.shape == (int(indptr[-1]),)
        inside = indices.size == 0 or (int(indices.min()) >= 0 and int(indices.max()) < size)
        if not (fits and inside and int(indptr[0]) == 0 and bool(np.all(np.diff(indptr) >= 0))):
            raise _unusable(stamp, f"the {kind} neighbour lists do not fit {size} items")


def _unusable(stamp: str, reason: str) -> BadArtifact:
    return BadArtifact(f"The model {stamp} cannot be used: {reason}.", code="bad_artifact", stamp=stamp)


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
                self._models[site_id] = to_loaded(read_artifact(site_id=site_id, stamp=stamp, names=_EXPECTED))
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
        if isinstance(error, BadArtifact) and not isinstance(error, UnreadArtifact):
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
