"""Attributes as columns, made when they are first asked for: most are of one item type, and few are ever asked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from apps.catalog.columns.facts import Facts, Gathering, facts_of, gather, words_of
from apps.catalog.columns.sparse import fixed, outside
from apps.catalog.contracts import AttributeColumn

_NO_ROWS = np.empty(0, dtype=np.int32)
_NO_FACTS = Facts(_NO_ROWS, np.empty(0), _NO_ROWS, _NO_ROWS, ())


class AttributeColumns(Mapping[str, AttributeColumn]):
    """The columns of the attributes of items, by name; facts of the merchant (`extra`) stand under their own names.

    What stays is read once, by `read`; rows that changed since stand over it.
    """

    def __init__(
        self, read: Callable[[], Mapping[str, Facts]], size: int, changed: Mapping[int, Mapping[str, Any]] | None = None
    ) -> None:
        self._read, self._size = read, size
        self._changed = dict(changed or {})
        self._made: dict[str, AttributeColumn] = {}

    @classmethod
    def of(cls, attributes: Sequence[Mapping[str, Any]]) -> "AttributeColumns":
        """Return the columns of these attributes."""
        return cls(_once(lambda: gather(attributes)), len(attributes))

    def with_rows(
        self, changed: Mapping[int, Mapping[str, Any]], before: Mapping[int, Mapping[str, Any]], size: int
    ) -> "AttributeColumns":
        """Return the columns grown to a size, with the attributes of these rows; before are those they had.

        Columns that no changed row speaks of are kept.
        """
        laid = AttributeColumns(self._read, size, self._changed | {row: facts_of(own) for row, own in changed.items()})
        if size == self._size:
            spoken = {name for own in (*changed.values(), *before.values()) for name in facts_of(own)}
            laid._made = {name: made for name, made in self._made.items() if name not in spoken}
        return laid

    def facts(self, name: str) -> Facts:
        """Return what the rows say in one attribute; raises KeyError where none says anything."""
        base = self._read().get(name, _NO_FACTS)
        if not self._changed:
            if base is _NO_FACTS:
                raise KeyError(name)
            return base
        numbered, worded = (_kept(rows, self._rows) for rows in (base.number_rows, base.word_rows))
        over = Gathering(base.values)
        for row in self._rows.tolist():
            if name in self._changed[row]:
                over.take(row, self._changed[row][name])
        added = over.facts()
        number_rows = np.concatenate([base.number_rows[numbered], added.number_rows])
        word_rows = np.concatenate([base.word_rows[worded], added.word_rows])
        if not len(number_rows) and not len(word_rows):
            raise KeyError(name)
        order = np.argsort(word_rows, kind="stable")
        return Facts(
            number_rows=number_rows,
            numbers=np.concatenate([base.numbers[numbered], added.numbers]),
            word_rows=word_rows[order],
            word_codes=fixed(np.concatenate([base.word_codes[worded], added.word_codes])[order]),
            values=added.values,
        )

    def __getitem__(self, name: str) -> AttributeColumn:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self.facts(name).column(self._size)
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    @cached_property
    def _rows(self) -> np.ndarray:
        return np.array(sorted(self._changed), dtype=np.int32)

    @cached_property
    def _names(self) -> dict[str, None]:
        """The names in which any row says something."""
        said = (name for own in self._changed.values() for name, value in own.items() if _says(value))
        return dict.fromkeys((*(name for name, base in self._read().items() if self._stays(base)), *said))

    def _stays(self, base: Facts) -> bool:
        return any(_kept(rows, self._rows).any() for rows in (base.number_rows, base.word_rows))


def _says(value: Any) -> bool:
    return isinstance(value, int | float) or bool(words_of(value))


def _kept(rows: np.ndarray, banned: np.ndarray) -> np.ndarray:
    kept = outside(rows, banned)
    return np.ones(len(rows), dtype=np.bool_) if kept is None else kept


def _once(make: Callable[[], Mapping[str, Facts]]) -> Callable[[], Mapping[str, Facts]]:
    """Return the function that makes it at the first call, and gives the same from then on."""
    made: list[Mapping[str, Facts]] = []

    def read() -> Mapping[str, Facts]:
        if not made:
            made.append(make())
        return made[0]

    return read
