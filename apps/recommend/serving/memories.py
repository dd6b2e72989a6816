"""A memory of what was computed, which forgets what it was given first."""

from collections.abc import Callable
from typing import Generic, TypeVar

from apps.recommend import conf

_FEWEST = 8
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def fitting(most: int, items: int, *, width: int = 1) -> int:
    """Return how many arrays of so many items are held: `most`, or fewer of great ones, by `conf.HELD_BYTES`.

    width: bytes an item
    """
    return max(min(most, conf.HELD_BYTES // max(items * width, 1)), _FEWEST)


class Memory(Generic[_Key, _Value]):
    """At most `most` values. Threads may fill it at once: of two that compute the same, one is kept."""

    def __init__(self, most: int) -> None:
        """Begin with nothing."""
        self._most = most
        self._held: dict[_Key, _Value] = {}

    def __len__(self) -> int:
        """Return how many values are held."""
        return len(self._held)

    def newest(self, most: int) -> list[_Key]:
        """Return what the values kept last are held for, at most so many, the oldest of them first."""
        return list(self._held)[-most:]

    def held(self) -> dict[_Key, _Value]:
        """Return what is held now."""
        return dict(self._held)

    def get(self, key: _Key) -> _Value | None:
        """Return the value, None where it is not held."""
        return self._held.get(key)

    def keep(self, key: _Key, value: _Value) -> _Value:
        """Hold the value and return it; the oldest makes room."""
        held = self._held
        if len(held) >= self._most and key not in held:
            for oldest in list(held)[: len(held) - self._most + 1]:
                held.pop(oldest, None)
        held[key] = value
        return value

    def of(self, key: _Key, compute: Callable[[], _Value]) -> _Value:
        """Return the value, computed where it is not held. None is no value."""
        found = self._held.get(key)
        return self.keep(key, compute()) if found is None else found
