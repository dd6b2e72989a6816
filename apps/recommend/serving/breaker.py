"""Circuit breakers (pybreaker): a part that just failed, or was too slow, is not asked again for a moment.

pybreaker calls what it guards while it holds its lock, so threads would wait for each other's round trips. Here a part
is asked outside of it, and only what came of it is told to the circuit.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import NoReturn

import pybreaker

from apps.recommend import conf


class Broken(Exception):
    """The part is not to be asked now."""


class TooSlow(Exception):
    """The part answered after its deadline."""


class Breaker:
    """One part's circuit: open for `seconds` after a failure or an answer later than `deadline` (seconds).

    Afterwards the part is asked again; the first outcome decides. Nobody waits for it in between.
    """

    def __init__(self, name: str, *, seconds: float, deadline: float | None = None) -> None:
        """Begin with a part that is thought to be well."""
        self.name = name
        self._pause = timedelta(seconds=seconds)
        self._deadline = deadline
        self._memory = pybreaker.CircuitMemoryStorage(pybreaker.STATE_CLOSED)
        self._circuit = pybreaker.CircuitBreaker(
            fail_max=1, reset_timeout=seconds, state_storage=self._memory, name=name, throw_new_error_on_trip=False
        )

    def is_open(self) -> bool:
        """Return whether the part is not to be asked now."""
        opened_at = self._memory.opened_at
        if self._memory.state != pybreaker.STATE_OPEN or opened_at is None:
            return False
        return datetime.now(UTC) < opened_at.replace(tzinfo=UTC) + self._pause

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Ask the part within the block; raises Broken where it is not to be asked, and what the block raises."""
        if self.is_open():
            raise Broken(self.name)
        started = perf_counter()
        try:
            yield
        except Exception as error:
            self._tell(error)
            raise
        if self._deadline is not None and perf_counter() - started > self._deadline:
            self._tell(TooSlow(self.name))
        elif self._memory.state != pybreaker.STATE_CLOSED:
            self._circuit.call(_nothing)

    def close(self) -> None:
        """Think the part well again, as a new process does."""
        self._circuit.close()

    def _tell(self, error: Exception) -> None:
        """Tell the circuit of a failure; a second one, of another thread, finds it open already."""
        try:
            self._circuit.call(_fail, error)
        except (type(error), pybreaker.CircuitBreakerError):
            return


def _fail(error: Exception) -> NoReturn:
    raise error


def _nothing() -> None:
    return


REDIS = Breaker("redis", seconds=conf.BREAK_SECONDS)
VECTORS = Breaker("vectors", seconds=conf.BREAK_SECONDS, deadline=conf.VECTORS_WITHIN_SECONDS)
