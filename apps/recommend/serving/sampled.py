"""Answers that are drawn for a trace, recorded by one thread beside the requests.

A request only puts its draft into a bounded queue; while that is full, what comes more is dropped and counted.
"""

import logging
import os
import queue
import threading

from django.conf import settings
from django.db import close_old_connections

from apps.recommend.serving.recording import record
from apps.recommend.serving.state import Draft
from apps.recommend.serving.traces import keep

logger = logging.getLogger(__name__)

# A draft holds the whole state of its site as it was, so few may wait.
QUEUE_SIZE = 50


def offer(draft: Draft) -> None:
    """Leave the draft, which is answered and changes no more, for recording."""
    _RECORDER.put(draft)


def record_waiting() -> int:
    """Record what waits, here and now; return how many there were."""
    return _RECORDER.drain()


def count_dropped() -> int:
    """Return how many drawn answers of this process left no trace, as there was no room or they could not be kept."""
    return _RECORDER.dropped


class Recorder:
    """Drafts of one process that wait to be recorded, and the thread that does."""

    def __init__(self, *, size: int) -> None:
        self.dropped = 0
        self._waiting: queue.Queue[Draft] = queue.Queue(maxsize=size)
        self._lock = threading.Lock()
        self._thread_of: int | None = None

    def put(self, draft: Draft) -> None:
        """Let it wait; where there is no room it is dropped."""
        if self._thread_of != os.getpid() and settings.MODEL_POLL_SECONDS > 0:
            self._start()
        try:
            self._waiting.put_nowait(draft)
        except queue.Full:
            self.dropped += 1

    def drain(self) -> int:
        """Record what waits now; return how many there were."""
        number = 0
        while True:
            try:
                draft = self._waiting.get_nowait()
            except queue.Empty:
                return number
            self._record(draft)
            number += 1

    def _record(self, draft: Draft) -> None:
        try:
            self.dropped += not keep(draft, record(draft))
        except Exception:
            # The thread must outlive any defect, or nothing more would be recorded.
            self.dropped += 1
            logger.exception("an answer of %s leaves no trace", draft.site_id)

    def _start(self) -> None:
        with self._lock:
            if self._thread_of == os.getpid():
                return
            self._thread_of = os.getpid()
            threading.Thread(target=self._follow, name="traces", daemon=True).start()

    def _follow(self) -> None:
        while True:
            draft = self._waiting.get()
            close_old_connections()
            self._record(draft)


_RECORDER = Recorder(size=QUEUE_SIZE)
