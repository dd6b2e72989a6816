"""Attributes as facts: which words and numbers an item is found by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from apps.catalog.columns.sparse import fixed, indptr_of
from apps.catalog.contracts import AttributeColumn

EXTRA = "extra"


@dataclass(frozen=True, slots=True)
class Facts:
    """What rows say in one attribute: rows int32, ascending, a row once for a number and once for each of its words."""

    number_rows: np.ndarray
    numbers: np.ndarray
    word_rows: np.ndarray
    word_codes: np.ndarray
    values: Sequence[str]

    def column(self, size: int) -> AttributeColumn:
        """Return them by row, for so many rows."""
        numbers = np.full(size, np.nan)
        numbers[self.number_rows] = self.numbers
        counts = np.bincount(self.word_rows, minlength=size)
        return AttributeColumn(fixed(numbers), indptr_of(counts), self.word_codes, self.values)


class Gathering:
    """Facts of one attribute while they are gathered, row after row."""

    __slots__ = ("_codes", "_number_rows", "_numbers", "_word_codes", "_word_rows")

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._number_rows: list[int] = []
        self._numbers: list[float] = []
        self._word_rows: list[int] = []
        self._word_codes: list[int] = []
        self._codes = {word: code for code, word in enumerate(values)}

    def take(self, row: int, value: Any) -> None:
        """Take what a row says."""
        for word in words_of(value):
            self._word_rows.append(row)
            self._word_codes.append(self._codes.setdefault(word, len(self._codes)))
        if isinstance(value, bool | int | float):
            self._number_rows.append(row)
            self._numbers.append(float(value))

    def facts(self) -> Facts:
        """Return what was gathered."""
        return Facts(
            number_rows=fixed(np.array(self._number_rows, dtype=np.int32)),
            numbers=fixed(np.array(self._numbers, dtype=np.float64)),
            word_rows=fixed(np.array(self._word_rows, dtype=np.int32)),
            word_codes=fixed(np.array(self._word_codes, dtype=np.int32)),
            values=list(self._codes),
        )


def gather(attributes: Iterable[Mapping[str, Any]]) -> dict[str, Facts]:
    """Return what the rows say, by attribute."""
    found: dict[str, Gathering] = {}
    for row, own in enumerate(attributes):
        for name, value in facts_of(own).items():
            if name not in found:
                found[name] = Gathering()
            found[name].take(row, value)
    gathered = {name: gathering.facts() for name, gathering in found.items()}
    return {name: facts for name, facts in gathered.items() if len(facts.numbers) or len(facts.word_rows)}


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
