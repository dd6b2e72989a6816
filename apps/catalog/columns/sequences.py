"""What columns of text are made of: something that stays, and the few rows that changed since."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar, overload

import numpy as np

T = TypeVar("T")


class Column(Sequence[T]):
    """A sequence that says what it is by `__getitem__` of one row; equal to any sequence of the same values."""

    @abstractmethod
    def one(self, row: int) -> T:
        """Return the value of a row, 0 or above."""

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> list[T]: ...
    def __getitem__(self, at: int | slice) -> T | list[T]:
        if isinstance(at, slice):
            return [self.one(row) for row in range(*at.indices(len(self)))]
        size = len(self)
        row = at + size if at < 0 else at
        if not 0 <= row < size:
            raise IndexError(at)
        return self.one(row)

    def __iter__(self) -> Iterator[T]:
        return map(self.one, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(_equal, self, other))

    __hash__ = None  # type: ignore[assignment]  # what is compared by its values is no key


class Patched(Column[T]):
    """A sequence with some rows changed and some appended."""

    def __init__(self, base: Sequence[T], changed: dict[int, T], size: int) -> None:
        self.base, self.changed, self._size = base, changed, size

    def __len__(self) -> int:
        return self._size

    def one(self, row: int) -> T:
        """Return the changed value, or that of the base."""
        return self.changed[row] if row in self.changed else self.base[row]


class Same(Column[T]):
    """One value in every row."""

    def __init__(self, value: T, size: int) -> None:
        self._value, self._size = value, size

    def __len__(self) -> int:
        return self._size

    def one(self, row: int) -> T:
        """Return the value."""
        del row
        return self._value


def patched(base: Sequence[T], rows: Sequence[int], values: Sequence[T], size: int) -> Sequence[T]:
    """Return the sequence grown to a size with these values; itself where that changes nothing."""
    known = len(base)
    changed = {row: value for row, value in zip(rows, values, strict=True) if row >= known or base[row] != value}
    if not changed and size == known:
        return base
    if isinstance(base, Patched):
        return Patched(base.base, base.changed | changed, size)
    return Patched(base, changed, size)


def same_or(found: dict[str, T], held: Mapping[str, T]) -> Mapping[str, T]:
    """Return what is held where it has the same values, so that whoever compares objects sees that nothing moved."""
    same = found.keys() == held.keys() and all(found[key] is held[key] for key in found)
    return held if same else found


class RowOf(Mapping[str, int]):
    """Item id to row: what stays, and over it what changed; -1 stands for an id that is gone."""

    def __init__(self, base: Mapping[str, int], changed: dict[str, int]) -> None:
        self._base, self._changed = base, changed

    def __getitem__(self, item_id: str) -> int:
        row = self._changed.get(item_id)
        if row is None:
            return self._base[item_id]
        if row < 0:
            raise KeyError(item_id)
        return row

    def get(self, item_id: str, default: Any = None) -> Any:
        """Return the row, or what is given for none."""
        row = self._changed.get(item_id)
        if row is None:
            return self._base.get(item_id, default)
        return default if row < 0 else row

    def __iter__(self) -> Iterator[str]:
        yield from (item_id for item_id in self._base if item_id not in self._changed)
        yield from (item_id for item_id, row in self._changed.items() if row >= 0)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def moved(self, changed: dict[str, int]) -> "RowOf":
        """Return the mapping with these rows changed."""
        return RowOf(self._base, self._changed | changed)


class OpenStores(Mapping[str, np.ndarray]):
    """Stock by store, of those that are not closed."""

    def __init__(self, stock: Mapping[str, np.ndarray], closed: frozenset[str]) -> None:
        self.stock, self._closed = stock, closed

    def __getitem__(self, store_id: str) -> np.ndarray:
        if store_id in self._closed:
            raise KeyError(store_id)
        return self.stock[store_id]

    def __iter__(self) -> Iterator[str]:
        return (store_id for store_id in self.stock if store_id not in self._closed)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _equal(left: object, right: object) -> bool:
    return left == right
