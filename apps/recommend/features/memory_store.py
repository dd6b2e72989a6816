"""States in memory: the twin for tests."""

from collections.abc import Mapping, Sequence
from threading import Lock

from apps.recommend.features.definitions import EMPTY, ShopperState
from apps.recommend.features.extract import StateKey


class MemoryStore:
    """States and the consumer's position in one process."""

    def __init__(self) -> None:
        self._states: dict[StateKey, ShopperState] = {}
        self._position: str | None = None
        self._lock = Lock()

    def read(self, keys: Sequence[StateKey]) -> list[ShopperState]:
        """Return the states in the order of the keys; an unknown shopper has the empty one."""
        with self._lock:
            return [self._states.get(key, EMPTY) for key in keys]

    def position(self) -> str | None:
        """Return the position after the last record that is in the states; None when there is none."""
        with self._lock:
            return self._position

    def write(self, states: Mapping[StateKey, ShopperState], *, expected: str | None, position: str | None) -> bool:
        """Store states and position together and return True; nothing and False when the position is not `expected`."""
        with self._lock:
            if self._position != expected:
                return False
            self._states.update(states)
            self._position = position
            return True
