"""The same question to the version in the shadow, after the answer, by one thread beside the requests.

A request only puts its draft into a bounded queue; while that is full it is dropped and counted. What comes of it is
counted for the version: overlap of the first ten, empty and failed answers, milliseconds, and the scores of both.
"""

import logging
import os
import queue
import threading
import time
from dataclasses import replace

import numpy as np
from django.conf import settings
from django.db import close_old_connections

from apps.catalog.contracts import ItemColumns
from apps.recommend.columns import NO_ROWS, Shelf
from apps.recommend.registry import counters
from apps.recommend.registry.shadows import get_shadow, load_shadow, refresh_shadows
from apps.recommend.registry.unpacked import LoadedModel
from apps.recommend.serving.asked import score_bin, top_score
from apps.recommend.serving.eligible import put_mask
from apps.recommend.serving.laying import lay_over
from apps.recommend.serving.ready import ReadySite
from apps.recommend.serving.retrieve import put_candidates
from apps.recommend.serving.score import put_scores
from apps.recommend.serving.state import Draft

logger = logging.getLogger(__name__)

QUEUE_SIZE = 100
K = 10


def offer(draft: Draft) -> None:
    """Leave the draft, which is answered and changes no more, for scoring, if it is one of the share."""
    if settings.MODEL_POLL_SECONDS <= 0:
        refresh_shadows()
    shadow = get_shadow(draft.site_id)
    if shadow is not None and shadow.takes(draft.recommendation_id.int):
        _SCORER.put(draft, shadow.stamp)


def score_waiting() -> int:
    """Score what waits, here and now; return how many there were."""
    return _SCORER.drain()


class Scorer:
    """Questions of one process that wait to be scored, and the thread that does."""

    def __init__(self, *, size: int) -> None:
        self._waiting: queue.Queue[tuple[Draft, str]] = queue.Queue(maxsize=size)
        self._shelves: dict[str, tuple[ItemColumns, LoadedModel, Shelf]] = {}
        self._lock = threading.Lock()
        self._thread_of: int | None = None

    def put(self, draft: Draft, stamp: str) -> None:
        """Let it wait; where there is no room it is dropped."""
        if self._thread_of != os.getpid() and settings.MODEL_POLL_SECONDS > 0:
            self._start()
        try:
            self._waiting.put_nowait((draft, stamp))
        except queue.Full:
            _count(draft, stamp, {"shadow_dropped": 1.0})

    def drain(self) -> int:
        """Score what waits now; return how many there were."""
        number = 0
        while True:
            try:
                draft, stamp = self._waiting.get_nowait()
            except queue.Empty:
                return number
            self.score(draft, stamp)
            number += 1

    def score(self, draft: Draft, stamp: str) -> None:
        """Ask the version in the shadow and count what it says beside what was answered."""
        started = time.perf_counter()
        ready = self._ready(draft, stamp)
        if ready is None:
            _count(draft, stamp, {"shadow_scored": 1.0, "shadow_errors": 1.0})
            return
        asked = replace(
            draft,
            ready=ready,
            plain=False,
            faults=0,
            mask=NO_ROWS,
            banned=NO_ROWS,
            found=[],
            rows=NO_ROWS,
            scores=NO_ROWS,
        )
        try:
            for step in (put_mask, put_candidates, put_scores):
                step(asked)
        except Exception:
            # Whatever the version does must not end the thread: finding that out is what the shadow is for.
            logger.exception("the model %s in the shadow fails for %s", stamp, draft.site_id)
            asked.faults += 1
        spent = (time.perf_counter() - started) * 1_000
        _count(draft, stamp, _compared(draft, asked) | {"shadow_scored": 1.0, "shadow_ms": spent})

    def _ready(self, draft: Draft, stamp: str) -> ReadySite | None:
        """Return the site as it would be with this version; laid once for each catalogue and version."""
        loaded = load_shadow(draft.site_id, stamp)
        if loaded is None:
            return None
        columns = draft.ready.shelf.columns
        held = self._shelves.get(draft.site_id)
        # What answers is laid anew with every event; the version in the shadow only with another catalogue.
        if held is None or held[0] is not columns or held[1] is not loaded:
            held = self._shelves[draft.site_id] = (columns, loaded, lay_over(columns, loaded))
        return replace(draft.ready, shelf=held[2], loaded=loaded)

    def _start(self) -> None:
        with self._lock:
            if self._thread_of == os.getpid():
                return
            self._thread_of = os.getpid()
            threading.Thread(target=self._follow, name="shadow", daemon=True).start()

    def _follow(self) -> None:
        while True:
            draft, stamp = self._waiting.get()
            try:
                close_old_connections()
                self.score(draft, stamp)
            except Exception:
                # The thread must outlive any defect, or nothing more would be scored.
                logger.exception("a question to the model %s in the shadow was not scored", stamp)


def _compared(draft: Draft, asked: Draft) -> dict[str, float]:
    """Return what is counted of the two: `served_*` of what was answered, `shadow_*` of the version in the shadow."""
    amounts = {"shadow_overlap": _overlap(draft.rows[:K], asked.rows[:K])}
    if asked.faults:
        amounts["shadow_errors"] = 1.0
    for name, one in (("served", draft), ("shadow", asked)):
        score = top_score(one)
        amounts[f"{name}_empty" if score is None else f"{name}_{score_bin(score)}"] = 1.0
    return amounts


def _overlap(served: np.ndarray, scored: np.ndarray) -> float:
    """Return the share of the longer list that is in both; of two empty ones 1."""
    longer = max(len(served), len(scored))
    return len(np.intersect1d(served, scored)) / longer if longer else 1.0


def _count(draft: Draft, stamp: str, amounts: dict[str, float]) -> None:
    counters.count(site_id=draft.site_id, stamp=stamp, at=draft.now.timestamp(), amounts=amounts)


_SCORER = Scorer(size=QUEUE_SIZE)
