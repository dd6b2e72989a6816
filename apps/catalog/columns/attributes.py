"""Attributes as columns, made when they are first asked for: most are of one item type, and few are ever asked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from apps.catalog.contracts import AttributeColumn

EXTRA = "extra"


class AttributeColumns(Mapping[str, AttributeColumn]):
    """The columns of the attributes of items, by name; facts of the merchant (`extra`) stand under their own names."""

    def __init__(self, attributes: Sequence[Mapping[str, Any]]) -> None:
        self._attributes = attributes
        self._found: dict[str, _Sparse] | None = None
        self._made: dict[str, AttributeColumn] = {}

    def __getitem__(self, name: str) -> AttributeColumn:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._sparse()[name].column(len(self._attributes))
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._sparse())

    def __len__(self) -> int:
        return len(self._sparse())

    def _sparse(self) -> "dict[str, _Sparse]":
        if self._found is None:
            self._found = gather(self._attributes)
        return self._found


class _Sparse:
    """What rows say in one attribute, in their order."""

    __slots__ = ("_codes", "number_rows", "numbers", "values", "word_codes", "word_rows")

    def __init__(self) -> None:
        self.number_rows: list[int] = []
        self.numbers: list[float] = []
        self.word_rows: list[int] = []
        self.word_codes: list[int] = []
        self.values: list[str] = []
        self._codes: dict[str, int] = {}

    def take(self, row: int, value: Any) -> None:
        for word in words_of(value):
            code = self._codes.setdefault(word, len(self.values))
            if code == len(self.values):
                self.values.append(word)
            self.word_rows.append(row)
            self.word_codes.append(code)
        if isinstance(value, bool | int | float):
            self.number_rows.append(row)
            self.numbers.append(float(value))

    def column(self, size: int) -> AttributeColumn:
        numbers = np.full(size, np.nan)
        numbers[self.number_rows] = self.numbers
        counts = np.bincount(np.array(self.word_rows, dtype=np.int64), minlength=size)
        return AttributeColumn(
            numbers=numbers,
            indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
            codes=np.array(self.word_codes, dtype=np.int32),
            values=self.values,
        )


def gather(attributes: Iterable[Mapping[str, Any]]) -> dict[str, _Sparse]:
    """Return what the rows say, by attribute."""
    found: dict[str, _Sparse] = {}
    for row, own in enumerate(attributes):
        for name, value in facts_of(own).items():
            if name not in found:
                found[name] = _Sparse()
            found[name].take(row, value)
    return {name: sparse for name, sparse in found.items() if sparse.numbers or sparse.word_rows}


def facts_of(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes with those of `extra` beside them; a name of the schema holds against one of `extra`."""
    extra = attributes.get(EXTRA)
    beneath = extra if isinstance(extra, dict) else {}
    return beneath | {name: value for name, value in attributes.items() if name != EXTRA}


def words_of(value: Any) -> tuple[str, ...]:
    """Return the words that a value is found by, each once: texts, "true" or "false", the numbers of a list."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, list):
        return tuple(dict.fromkeys(_word(entry) for entry in value))
    return ()


def _word(entry: Any) -> str:
    if isinstance(entry, bool):
        return "true" if entry else "false"
    return f"{entry:.15g}" if isinstance(entry, int | float) else str(entry)
