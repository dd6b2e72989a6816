"""Kills and restarts the parts and roles of a stack in turn, in an order that the seed decides."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from specrec.roles import Stack

TARGETS = ("web", "worker", "consumer-table", "consumer-features", "postgres", "redis")


@dataclass(slots=True)
class Chaos:
    """Runs in a thread of its own between `start` and `finish`; afterwards everything runs again."""

    stack: Stack
    seed: int
    kills: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to kill."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """End, with everything started again."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        choice = random.Random(self.seed)
        while not self._stop.is_set():
            for target in choice.sample(TARGETS, len(TARGETS)):
                if self._stop.wait(choice.uniform(1.0, 2.5)):
                    return
                self._kill(target)
                self.kills.append(target)
                time.sleep(choice.uniform(0.2, 1.0))
                self._start(target)

    def _kill(self, target: str) -> None:
        parts: dict[str, Callable[[], None]] = {
            "postgres": self.stack.parts.kill_postgres,
            "redis": self.stack.parts.kill_redis,
        }
        parts.get(target, lambda: self.stack.kill(target))()

    def _start(self, target: str) -> None:
        parts: dict[str, Callable[[], None]] = {
            "postgres": self.stack.parts.start_postgres,
            "redis": self.stack.parts.start_redis,
        }
        parts.get(target, lambda: self.stack.start(target))()
