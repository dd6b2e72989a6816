"""Texts and ids in files that processes share: bytes one after the other, where each begins, an index of the ids."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import mmh3
import msgspec
import numpy as np

from apps.catalog.columns.sequences import Column
from apps.catalog.columns.sparse import fixed

_FREE = -1


class Texts(Column[str]):
    """Texts of a table, decoded when they are read. offsets: int64 [n + 1], data: uint8."""

    def __init__(self, offsets: np.ndarray, data: np.ndarray) -> None:
        self._offsets, self._data = offsets.data, data.data

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def bytes_of(self, row: int) -> memoryview:
        """Return the text as UTF-8."""
        return self._data[self._offsets[row] : self._offsets[row + 1]]

    def one(self, row: int) -> str:
        """Return the text."""
        return str(self.bytes_of(row), "utf-8")


class OptionalTexts(Column[str | None]):
    """Texts of which an empty one is none at all."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def __len__(self) -> int:
        return len(self._texts)

    def one(self, row: int) -> str | None:
        """Return the text, or None."""
        return self._texts.one(row) or None


class Documents(Column[dict[str, Any]]):
    """Dictionaries kept as JSON."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._decoder = msgspec.json.Decoder(dict[str, Any])

    def __len__(self) -> int:
        return len(self._texts)

    def one(self, row: int) -> dict[str, Any]:
        """Return the dictionary, a new one each time."""
        return self._decoder.decode(self._texts.bytes_of(row))


class Slice(Column[str]):
    """A part of a table of texts."""

    def __init__(self, texts: Texts, start: int, end: int) -> None:
        self._texts, self._start, self._size = texts, start, end - start

    def __len__(self) -> int:
        return self._size

    def one(self, row: int) -> str:
        """Return the text."""
        return self._texts.one(self._start + row)


class IndexedRows(Mapping[str, int]):
    """Id to row, by a hash index in a file: int32 [a power of two], open addressing, -1 where it is free."""

    def __init__(self, ids: Texts, index: np.ndarray) -> None:
        self._ids, self._index, self._mask = ids, index.data, len(index) - 1

    def __getitem__(self, item_id: str) -> int:
        row = self.get(item_id, _FREE)
        if row < 0:
            raise KeyError(item_id)
        return int(row)

    def get(self, item_id: str, default: Any = None) -> Any:
        """Return the row, or what is given for none."""
        key = item_id.encode()
        place = mmh3.hash(key, signed=False) & self._mask
        while (row := self._index[place]) >= 0:
            if self._ids.bytes_of(row) == key:
                return row
            place = (place + 1) & self._mask
        return default

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


def make_index(ids: Sequence[bytes]) -> np.ndarray:
    """Return the index of distinct ids, at most half full, so that a look-up reads few places of it."""
    size = 1 << max(len(ids) * 2 - 1, 1).bit_length()
    index = np.full(size, _FREE, dtype=np.int32)
    left = np.arange(len(ids), dtype=np.int32)
    at = np.fromiter((mmh3.hash(key, signed=False) for key in ids), np.uint32, len(ids)).astype(np.int64) & (size - 1)
    while len(left):
        free = index[at] == _FREE
        # Of several that want the same free place, the assignment keeps one; the others look one place further.
        index[at[free]] = left[free]
        homeless = index[at] != left
        left, at = left[homeless], (at[homeless] + 1) & (size - 1)
    return fixed(index)
