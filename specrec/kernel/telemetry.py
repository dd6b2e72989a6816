"""Timing of named steps, cheap enough for the serving path."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Timings:
    """Durations by step name, in milliseconds, in the order in which the steps ended."""

    __slots__ = ("steps",)

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        """Add the duration of the block to the step `name`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.steps[name] = self.steps.get(name, 0.0) + (time.perf_counter() - start) * 1_000
