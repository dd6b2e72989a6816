"""The port of the stream: what intake writes to and consumers follow.

A stream is cut into partitions; records with the same key go to the same one, where they keep their order. Consumers
belong to named groups: each partition is read by one reader of a group at a time. Positions are opaque text, one for
each partition, which the consumer keeps beside what it made of the records.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

TABLE_GROUP = "table"
ONLY = "0"  # the partition of a stream that has one

# Asked with partitions, returns the position after which to go on in each; one that is absent begins at its earliest
# kept record.
FindPositions = Callable[[Sequence[str]], Mapping[str, str]]


class Record(msgspec.Struct, frozen=True):
    """One record. Records with the same key keep their order; `kind` says how to read the payload."""

    kind: str
    key: str
    payload: bytes


class Chunk(msgspec.Struct, frozen=True):
    """Records, in stream order within their partitions, and by partition the position after the last of them.

    `positions` names exactly the partitions that the records came from.
    """

    records: list[Record]
    positions: dict[str, str]


class Letter(msgspec.Struct, frozen=True):
    """A record that a consumer could not use, and why: for the place where a twin keeps such records for others."""

    record: Record
    reason: str


class Reader(Protocol):
    """One consumer of a group, going forward through the partitions that are assigned to it."""

    def read(self, *, limit: int, wait: float) -> Chunk | None:
        """Return the next records, waiting up to `wait` seconds for the first; None when there were none.

        None as well while other readers of the group have all partitions: this one stands by and takes over what is
        left or lost by them. Whenever partitions are assigned to this reader, `find_positions` is asked for them
        before any of their records is returned; what the reader had in them before is void.

        Raises Unavailable when the stream does not answer; the reader may be used again afterwards. Raises PositionLost
        for what is no position of this stream, or one after which records were trimmed, before any record of that
        partition is returned; close the reader then.
        """

    def close(self) -> None:
        """Give back what the reader holds; its partitions go to the others of the group."""


class Stream(Protocol):
    """A durable, ordered, at-least-once log with consumer groups."""

    def append(self, records: Sequence[Record]) -> None:
        """Write the records; they are durable when this returns. Raises Unavailable.

        Then some of them may be in the stream all the same, unless the twin takes part in the caller's transaction.
        """

    def open(self, *, group: str, find_positions: FindPositions) -> Reader:
        """Return a reader of the group, which becomes known: nothing is trimmed that it has not acknowledged."""

    def acknowledge(self, *, group: str, positions: Mapping[str, str]) -> None:
        """Note that the group will not ask for anything up to these positions again; partitions not named stay.

        In the caller's database transaction where there is one: it holds if that commits. Never goes backwards.
        """

    def find_positions(self, *, group: str) -> dict[str, str]:
        """Return by partition what the group acknowledged last."""

    def lag(self) -> dict[str, int]:
        """Return, by known group, how many records it has not acknowledged (counted up to a bound).

        A position that is not one of this stream acknowledges nothing, here and for `trim`.
        """

    def trim(self, *, before: datetime) -> int:
        """Remove what was written earlier than `before` and is acknowledged by every known group; return how many.

        0 where the stream's own servers see to that.
        """

    def park(self, letters: Sequence[Letter]) -> None:
        """Show others what a consumer could not use, where the twin has a place that takes it. Raises Unavailable."""
