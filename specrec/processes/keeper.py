"""Keeps the parts running: a server that ends by itself is started again on its address, with growing pauses."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import psycopg

from specrec.processes.folder import PartsError

logger = logging.getLogger(__name__)
_LOOK_EVERY = 0.2
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
_SETTLED_AFTER = 30.0
_NOT_STARTED = (PartsError, OSError, psycopg.Error)


class Server(Protocol):
    """A part that can be started and ended."""

    @property
    def url(self) -> str:
        """The address, which stays the same."""

    @property
    def pid(self) -> int | None:
        """The process number while it runs."""

    def start(self) -> None:
        """Start and wait until it answers; nothing where it runs."""

    def stop(self) -> None:
        """Stop in order."""

    def kill(self) -> None:
        """End as `kill -9` does."""


@dataclass(slots=True)
class Kept:
    """A part that is wanted from `start` to `stop` or `kill`, and whose end in between is an accident."""

    name: str
    server: Server
    _clock: Callable[[], float] = time.monotonic
    _is_wanted: bool = False
    _last_try: float = 0.0
    _pause: float = _FIRST_PAUSE
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def url(self) -> str:
        """The address."""
        return self.server.url

    @property
    def pid(self) -> int | None:
        """The process number while it runs."""
        return self.server.pid

    def start(self) -> None:
        """Start where it does not run, and keep it running from then on."""
        with self._lock:
            self._last_try = self._clock()
            self.server.start()
            self._is_wanted = True

    def stop(self) -> None:
        """Stop in order; it stays down until it is started again."""
        with self._lock:
            self._is_wanted = False
            self.server.stop()

    def kill(self) -> None:
        """End as `kill -9` does; it stays down until it is started again."""
        with self._lock:
            self._is_wanted = False
            self.server.kill()

    def look_after(self) -> None:
        """Start it again where it ended by itself and its pause is over."""
        with self._lock:
            since = self._clock() - self._last_try
            if not self._is_wanted or self.server.pid is not None or since < self._pause:
                return
            self._pause = _FIRST_PAUSE if since > _SETTLED_AFTER else min(self._pause * 2, _LONGEST_PAUSE)
            self._last_try = self._clock()
            logger.warning("%s ended by itself; starting it again", self.name)
            try:
                self.server.start()
            except _NOT_STARTED as error:
                logger.warning("%s did not start, next attempt in %.1f s: %s", self.name, self._pause, error)


class Keeper:
    """Looks after parts from a thread of its own, until closed."""

    def __init__(self, parts: Sequence[Kept]) -> None:
        self._parts = tuple(parts)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="keeper", daemon=True)

    def open(self) -> None:
        """Look after them from now on."""
        self._thread.start()

    def close(self) -> None:
        """Start nothing any more; what is being started is waited for."""
        self._closing.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._closing.wait(_LOOK_EVERY):
            for part in self._parts:
                part.look_after()
