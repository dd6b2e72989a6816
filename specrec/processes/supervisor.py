"""Keeps processes running: one that dies is started again, with growing pauses; stopping leaves nothing behind."""

import logging
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from signal import SIGKILL, Signals

from specrec.processes.spawn import Command, collect, ended, signal_group, spawn, stop, tail

logger = logging.getLogger(__name__)
_LOOK_EVERY = 0.2
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
_SETTLED_AFTER = 30.0


@dataclass(slots=True)
class Watched:
    """One process to keep: how it starts and stops, and what is known about it now."""

    command: Command
    stop: tuple[tuple[Signals, float], ...]
    process: subprocess.Popen[bytes] | None = None
    is_wanted: bool = False
    started_at: float = 0.0
    pause: float = _FIRST_PAUSE
    deaths: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)


class Supervisor:
    """Watches from a thread of its own, until closed."""

    def __init__(self, watched: Mapping[str, Watched]) -> None:
        self._watched = dict(watched)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def open(self, *, first: str | None = None, until: Callable[[], None] | None = None) -> None:
        """Start everything; where `first` is named it has the machine to itself until `until` returns."""
        self._thread.start()
        if first is not None and until is not None:
            self.start(first)
            until()
        for name in self._watched:
            self.start(name)

    def close(self) -> None:
        """Stop everything, side by side; no process is left when this returns."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._watched:
            with ThreadPoolExecutor(max_workers=len(self._watched)) as pool:
                list(pool.map(self.stop, self._watched))

    def start(self, name: str) -> None:
        """Start the process where it does not run."""
        one = self._watched[name]
        with one.lock:
            one.is_wanted = True
            if one.process is not None and ended(one.process):
                collect(one.process)
                one.process = None
            if one.process is None:
                _start(one)

    def stop(self, name: str) -> None:
        """Stop the process in order, then whatever is left of its group; it is not started again by itself."""
        one = self._watched[name]
        with one.lock:
            one.is_wanted = False
            if one.process is not None:
                stop(one.process, one.stop)
                one.process = None

    def kill(self, name: str) -> None:
        """End the whole group at once, as `kill -9` does; it is not started again by itself."""
        one = self._watched[name]
        with one.lock:
            one.is_wanted = False
            if one.process is not None:
                signal_group(one.process, SIGKILL)
                collect(one.process)
                one.process = None

    def deaths(self, name: str) -> int:
        """Return how often the process ended by itself, or could not be started, so far."""
        return self._watched[name].deaths

    def pids(self) -> dict[str, int]:
        """Return the process numbers of those that run."""
        found = ((name, one.process) for name, one in self._watched.items())
        return {name: process.pid for name, process in found if process is not None and not ended(process)}

    def _watch(self) -> None:
        while not self._closing.wait(_LOOK_EVERY):
            for name, one in self._watched.items():
                with one.lock:
                    _look_after(name, one)


def _look_after(name: str, one: Watched) -> None:
    """Start the process again when it died and its pause is over; the rest of its group goes first."""
    if not one.is_wanted:
        return
    if one.process is not None and ended(one.process):
        status = collect(one.process)
        one.process = None
        _note_death(one)
        logger.warning("%s ended with status %s; next start in %.1f s.\n%s", name, status, one.pause, _last_words(one))
    if one.process is None and time.monotonic() - one.started_at >= one.pause:
        try:
            _start(one)
        except OSError as error:  # no processes, memory or disk left: it may be over by the next time
            _note_death(one)
            logger.warning("%s cannot be started: %s; next attempt in %.1f s.", name, error, one.pause)


def _note_death(one: Watched) -> None:
    now = time.monotonic()
    one.deaths += 1
    one.pause = _FIRST_PAUSE if now - one.started_at > _SETTLED_AFTER else min(one.pause * 2, _LONGEST_PAUSE)
    one.started_at = now


def _start(one: Watched) -> None:
    one.process = spawn(one.command)
    one.started_at = time.monotonic()


def _last_words(one: Watched) -> str:
    return tail(one.command.log, 5)
