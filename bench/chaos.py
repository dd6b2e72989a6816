"""Kills and restarts the parts and roles of a stack in turn, in an order that the seed decides."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from specrec.roles import Stack

TARGETS = ("web", "worker", "consumer-table", "consumer-features", "postgres", "redis")


@dataclass(slots=True)
class Chaos:
    """Runs in a thread of its own between `start` and `finish`; afterwards everything runs again."""

    stack: Stack
    seed: int
    targets: Sequence[str] = TARGETS
    on_kill: Callable[[str], object] = lambda _name: None
    kills: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _all_killed: threading.Event = field(default_factory=threading.Event)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(max_workers=1))
    _running: Future[None] | None = None

    def start(self) -> None:
        """Begin to kill."""
        self._running = self._pool.submit(self._run)

    def wait_until_all_killed(self, *, seconds: float) -> None:
        """Return when every target was killed and started once, or the time is over, or something went wrong."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self._running is not None and not self._running.done():
            if self._all_killed.wait(0.2):
                return

    def finish(self) -> None:
        """End, with everything started again; raises what went wrong on the way."""
        self._stop.set()
        if self._running is not None:
            self._running.result()

    def _run(self) -> None:
        choice = random.Random(self.seed)
        while not self._stop.is_set():
            for target in choice.sample(self.targets, len(self.targets)):
                if self._stop.wait(choice.uniform(1.0, 2.5)):
                    return
                self.on_kill(target)
                self.stack.kill(target)
                self.kills.append(target)
                time.sleep(choice.uniform(0.2, 1.0))
                self.stack.start(target)
            self._all_killed.set()
