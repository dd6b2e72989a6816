"""The stream in the memory of one process: for the suite that defines the port, and tests that need no durability."""

import threading
from collections.abc import Sequence
from datetime import datetime

from apps.tracking.contracts import PositionLost
from apps.tracking.stream.base import TABLE_GROUP, Chunk, Record
from specrec.kernel import clock


class MemoryStream:
    """A list under a lock. A position is the number of records before it."""

    def __init__(self) -> None:
        self._records: list[tuple[Record, datetime]] = []
        self._removed = 0
        self._positions: dict[str, int] = {TABLE_GROUP: 0}
        self._acknowledged: set[str] = set()
        self._changed = threading.Condition()

    def append(self, records: Sequence[Record]) -> None:
        """Write the records, all or none."""
        with self._changed:
            now = clock.now()
            self._records.extend((record, now) for record in records)
            self._changed.notify_all()

    def open(self, *, group: str, position: str | None) -> "MemoryReader":
        """Return a reader that stands after `position`."""
        with self._changed:
            self._positions.setdefault(group, 0)
            if position is None:
                return MemoryReader(self, 0)
            if not position.isdecimal() or not self._removed <= int(position) <= self._removed + len(self._records):
                raise PositionLost(position)
        return MemoryReader(self, int(position))

    def acknowledge(self, *, group: str, position: str) -> None:
        """Note how far the group has come."""
        with self._changed:
            self._positions[group] = int(position)
            self._acknowledged.add(group)

    def find_position(self, *, group: str) -> str | None:
        """Return what the group acknowledged last."""
        with self._changed:
            return str(self._positions[group]) if group in self._acknowledged else None

    def lag(self) -> dict[str, int]:
        """Return the number of unacknowledged records by group."""
        with self._changed:
            end = self._removed + len(self._records)
            return {group: end - max(position, self._removed) for group, position in self._positions.items()}

    def trim(self, *, before: datetime) -> int:
        """Remove what is old and acknowledged by all."""
        with self._changed:
            allowed = min(self._positions.values()) - self._removed
            old = sum(1 for _, written_at in self._records if written_at < before)
            count = max(0, min(allowed, old))
            del self._records[:count]
            self._removed += count
            return count

    def read_from(self, position: int, *, limit: int, wait: float) -> tuple[list[Record], int]:
        """Return the records after `position` and the position after them, waiting for the first."""
        with self._changed:
            self._changed.wait_for(lambda: self._removed + len(self._records) > position, timeout=wait)
            start = max(position - self._removed, 0)
            records = [record for record, _ in self._records[start : start + limit]]
            return records, self._removed + start + len(records)


class MemoryReader:
    """One consumer of the list."""

    def __init__(self, stream: MemoryStream, position: int) -> None:
        self._stream = stream
        self._position = position

    def read(self, *, limit: int, wait: float) -> Chunk | None:
        """Return the next records, or None."""
        records, self._position = self._stream.read_from(self._position, limit=limit, wait=wait)
        return Chunk(records, str(self._position)) if records else None

    def close(self) -> None:
        """Hold nothing."""
