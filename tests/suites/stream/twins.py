"""What each twin of the stream can do: the one table that tests ask, and helpers to work with any of them."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count

from apps.tracking.stream.base import Chunk, Reader, Record, Stream


class Ability(StrEnum):
    CORE = "core"  # append, read, order, positions
    ENDS = "ends"  # knows where its partitions end: lag, and what a position is ahead of
    GROUPS = "groups"  # readers join and leave within a second, so that a test can afford a new group
    REBALANCES = "rebalances"  # what a reader leaves, or loses by dying, another reader of its group goes on with
    RESTARTS = "restarts"  # the server can be killed and started again, and has what it accepted
    TRANSACTIONS = "transactions"  # appending takes part in the caller's transaction
    LATE_COMMITS = "late commits"  # writers commit out of order, and none is skipped
    TRIMS = "trims"  # removes what all groups acknowledged; others leave that to their servers
    SHARES = "shares"  # several partitions: readers of a group work at the same time
    PARKS = "parks"  # has a place for what consumers could not use, beside the table of dead letters


A = Ability
TABLE: dict[str, frozenset[Ability]] = {
    "memory": frozenset({A.CORE, A.ENDS, A.GROUPS, A.TRIMS, A.PARKS}),
    "postgres": frozenset({
        A.CORE, A.ENDS, A.GROUPS, A.REBALANCES, A.RESTARTS, A.TRANSACTIONS, A.LATE_COMMITS, A.TRIMS,
    }),
    # librdkafka's own mock cluster: no topic ids, no commands for topics; a group needs three seconds to form.
    "mock": frozenset({A.CORE, A.ENDS}),
    # Keeps everything in memory; a group needs many seconds to form. Asked where a partition ends, it names the offset
    # after the first record of the last batch.
    "tansu": frozenset({A.CORE}),
    "kafka": frozenset({A.CORE, A.ENDS, A.GROUPS, A.REBALANCES, A.RESTARTS, A.SHARES, A.PARKS}),
}  # fmt: skip
PATIENCE = 60.0
_runs = count()


def able(*abilities: Ability) -> list[str]:
    """Return the twins that can do all of this, to run a test on."""
    return [name for name, has in TABLE.items() if has.issuperset(abilities)]


@dataclass(slots=True)
class Twin:
    """A stream under test. `ahead` makes of a position one that this stream has not reached."""

    name: str
    stream: Stream
    ahead: Callable[[str], str]


@dataclass(slots=True)
class Tap:
    """A reader that stays open, over several tests where joining takes long."""

    reader: Reader
    group: str
    positions: dict[str, str] = field(default_factory=dict)

    def take(self, wanted: Callable[[Record], bool], number: int, *, limit: int = 500) -> list[Record]:
        """Return the next wanted records, waiting for so many; fails when they do not come."""
        found: list[Record] = []
        deadline = time.monotonic() + PATIENCE
        while len(found) < number:
            assert time.monotonic() < deadline, f"{len(found)} of {number} records came"
            found += [one for one in self.read(limit=limit, wait=0.5) if wanted(one)]
        return found

    def read(self, *, limit: int = 500, wait: float = 0.0) -> list[Record]:
        """Return what one read gives, and remember the positions."""
        chunk = self.reader.read(limit=limit, wait=wait)
        if chunk is None:
            return []
        self.positions.update(chunk.positions)
        return chunk.records


@contextmanager
def opened(stream: Stream, *, group: str = "readers", positions: Mapping[str, str] | None = None) -> Iterator[Tap]:
    """Yield a tap of the group that begins after the positions; it is closed after the block."""
    kept = positions or {}
    reader = stream.open(group=group, find_positions=lambda _: kept)
    try:
        yield Tap(reader, group)
    finally:
        reader.close()


def read_all(stream: Stream, number: int, *, positions: Mapping[str, str] | None = None) -> tuple[list[bytes], Tap]:
    """Return the payloads of so many records, and of any that come with and after them; and the closed tap."""
    with opened(stream, positions=positions) as tap:
        found = tap.take(lambda _: True, number)
        found += tap.read(wait=0.2)
    return [one.payload for one in found], tap


def first_chunk(reader: Reader) -> Chunk:
    """Return the first records that the reader gives; fails when none come."""
    deadline = time.monotonic() + PATIENCE
    while (chunk := reader.read(limit=500, wait=0.2)) is None:
        assert time.monotonic() < deadline, "no record came"
    return chunk


def make_record(number: int, key: str = "ada") -> Record:
    return Record("event", key, f"payload {number}".encode())


def unique(name: str) -> str:
    """Return a name that no other test uses."""
    return f"{name}-{next(_runs)}"
