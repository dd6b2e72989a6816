"""Writing one batch behind: while Redis writes it, the next one is read and applied."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait

from apps.recommend.features.held import PositionMoved
from apps.recommend.features.state import Changes
from apps.recommend.features.store import FeatureStore


class Behind:
    """At most one write under way, in a thread of its own; the next begins when that one is stored, and not before."""

    def __init__(self, store: FeatureStore) -> None:
        self._store = store
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="features")
        self._running: Future[bool] | None = None
        self._positions: Mapping[str, str] = {}

    def write(
        self, changes: Changes, *, ground: str, expected: Mapping[str, str | None], positions: Mapping[str, str]
    ) -> dict[str, str]:
        """Begin to store changes and positions; return the positions that were stored since the last call.

        Raises what the write before raised, and PositionMoved where it was refused: then this one is not begun.
        """
        stored = self.settle()
        self._running = self._pool.submit(
            self._store.write, changes, ground=ground, expected=expected, positions=positions
        )
        self._positions = positions
        return stored

    def settle(self) -> dict[str, str]:
        """Wait for the write that is under way and return its positions; raises as `write` does."""
        running, self._running = self._running, None
        if running is None:
            return {}
        if not running.result():
            raise PositionMoved
        return dict(self._positions)

    def close(self) -> None:
        """See the write under way ended. What became of it shows in the stored positions, for whoever goes on."""
        if self._running is not None:
            wait([self._running])
        self._pool.shutdown()
