"""A circuit breaker: a part that just failed is not asked again for a moment, so that no request waits for the dead."""

import time
from collections.abc import Callable


class Breaker:
    """Open for `seconds` after a failure."""

    def __init__(self, *, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._open_until = 0.0

    def is_open(self) -> bool:
        """Return whether the part is not to be asked now."""
        return self._clock() < self._open_until

    def trip(self) -> None:
        """Note a failure."""
        self._open_until = self._clock() + self._seconds
