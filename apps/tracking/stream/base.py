"""The port of the stream: what intake writes to and consumers follow.

Shaped so that Kafka fits: records have keys, an append is durable when it returns, positions are opaque text, consumers
belong to named groups.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

TABLE_GROUP = "table"


class Record(msgspec.Struct, frozen=True):
    """One record. Records with the same key keep their order; `kind` says how to read the payload."""

    kind: str
    key: str
    payload: bytes


class Chunk(msgspec.Struct, frozen=True):
    """Records in stream order, and the position after the last of them."""

    records: list[Record]
    position: str


class Reader(Protocol):
    """One consumer of a group, going forward through the stream."""

    def read(self, *, limit: int, wait: float) -> Chunk | None:
        """Return the next records, waiting up to `wait` seconds for the first; None when there were none.

        Raises Unavailable when the stream does not answer; the reader may be used again afterwards.
        """

    def close(self) -> None:
        """Give back what the reader holds."""


class Stream(Protocol):
    """A durable, ordered, at-least-once log with consumer groups."""

    def append(self, records: Sequence[Record]) -> None:
        """Write the records, all or none; they are durable when this returns. Raises Unavailable."""

    def open(self, *, group: str, position: str | None) -> Reader:
        """Return a reader that stands after `position`, or before the earliest kept record when it is None.

        Opening makes the group known: from then on nothing is trimmed that it has not acknowledged. Raises PositionLost
        for what is no position of this stream, or one after which records were trimmed, before anything is read.
        """

    def acknowledge(self, *, group: str, position: str) -> None:
        """Note that the group will not ask for anything up to `position` again."""

    def find_position(self, *, group: str) -> str | None:
        """Return what the group acknowledged last, None when it never did."""

    def lag(self) -> dict[str, int]:
        """Return, by known group, how many records it has not acknowledged (counted up to a bound).

        A position that is not one of this stream acknowledges nothing, here and for `trim`.
        """

    def trim(self, *, before: datetime) -> int:
        """Remove what was written earlier than `before` and is acknowledged by every known group; return how many."""
