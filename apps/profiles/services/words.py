"""What shoppers say, one word each: the newest holds whole, in whatever order words arrive and however batched."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from apps.profiles.contracts import PURPOSES, ConsentSignal
from apps.profiles.selectors.shoppers import identity_of

Key = TypeVar("Key", bound=Hashable)
_PURPOSES = frozenset(PURPOSES)
_SOURCE_LENGTH = 64
# Nobody consented to us before: an older time is a broken clock, and in some time zones it could not be read back.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Word:
    """What was said about all purposes, and the name (kind and value of an identity) that it was said with."""

    name: tuple[str, str]
    granted: frozenset[str]
    at: datetime
    source: str

    def combined(self, other: "Word") -> "Word":
        """Return the newer of the two; of two at the same moment what both grant."""
        if self.at != other.at:
            return max(self, other, key=lambda word: word.at)
        return self if self.granted == other.granted else replace(self, granted=self.granted & other.granted)


def listen(signals: Iterable[ConsentSignal]) -> dict[tuple[str, str], Word]:
    """Return the newest word of each name; impossible times and nobody's words are left out, as unknown purposes are.

    One of them must not cost its batch.
    """
    return newest(
        (name, Word(name, signal.granted & _PURPOSES, signal.at, signal.source[:_SOURCE_LENGTH]))
        for signal in signals
        if (name := identity_of(signal.ref)) is not None and signal.at >= EARLIEST
    )


def newest(pairs: Iterable[tuple[Key, Word]]) -> dict[Key, Word]:
    """Return by key what holds of the words of each."""
    found: dict[Key, Word] = {}
    for key, word in pairs:
        before = found.get(key)
        found[key] = word if before is None else before.combined(word)
    return found
