"""The stream in the memory of one process: for the suite that defines the port, and tests that need no durability."""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime

from apps.tracking.contracts import PositionLost
from apps.tracking.stream.base import ONLY, TABLE_GROUP, Chunk, FindPositions, Letter, Record
from specrec.kernel import clock


class MemoryStream:
    """A list under a lock. A position is the number of records before it."""

    def __init__(self) -> None:
        self.parked: list[Letter] = []
        self._records: list[tuple[Record, datetime]] = []
        self._removed = 0
        self._positions: dict[str, str] = {TABLE_GROUP: ""}
        self._readers: dict[str, MemoryReader] = {}
        self._changed = threading.Condition()

    def append(self, records: Sequence[Record]) -> None:
        """Write the records, all or none."""
        with self._changed:
            now = clock.now()
            self._records.extend((record, now) for record in records)
            self._changed.notify_all()

    def open(self, *, group: str, find_positions: FindPositions) -> "MemoryReader":
        """Return a reader of the group."""
        with self._changed:
            self._positions.setdefault(group, "")
        return MemoryReader(self, group, find_positions)

    def acknowledge(self, *, group: str, positions: Mapping[str, str]) -> None:
        """Note how far the group has come."""
        with self._changed:
            text = positions.get(ONLY, "")
            if text.isdecimal() and int(text) >= self._standing(self._positions.get(group, "")):
                self._positions[group] = text

    def find_positions(self, *, group: str) -> dict[str, str]:
        """Return what the group acknowledged last."""
        with self._changed:
            position = self._positions.get(group)
            return {ONLY: position} if position else {}

    def lag(self) -> dict[str, int]:
        """Return the number of unacknowledged records by group."""
        with self._changed:
            return {group: self._end - self._standing(position) for group, position in self._positions.items()}

    def trim(self, *, before: datetime) -> int:
        """Remove what is old and acknowledged by all."""
        with self._changed:
            allowed = min(map(self._standing, self._positions.values())) - self._removed
            old = sum(1 for _, written_at in self._records if written_at < before)
            count = max(0, min(allowed, old))
            del self._records[:count]
            self._removed += count
            return count

    def park(self, letters: Sequence[Letter]) -> None:
        """Keep the letters in a list."""
        self.parked.extend(letters)

    def lease(self, reader: "MemoryReader", *, group: str, wait: float) -> bool:
        """Return whether the reader has the partition, waiting for another of its group to give it back."""
        with self._changed:
            self._changed.wait_for(lambda: self._readers.get(group, reader) is reader, timeout=wait)
            return self._readers.setdefault(group, reader) is reader

    def give_back(self, reader: "MemoryReader", *, group: str) -> None:
        """Let another reader of the group have the partition."""
        with self._changed:
            if self._readers.get(group) is reader:
                del self._readers[group]
                self._changed.notify_all()

    def place(self, position: str | None) -> int:
        """Return where a reader stands that goes on after `position`; raises PositionLost."""
        with self._changed:
            if position is None:
                return self._removed
            if not self._is_known(position):
                raise PositionLost(position)
            return int(position)

    def read_from(self, position: int, *, limit: int, wait: float) -> tuple[list[Record], int]:
        """Return the records after `position` and the position after them, waiting for the first."""
        with self._changed:
            self._changed.wait_for(lambda: self._end > position, timeout=wait)
            if position < self._removed:
                raise PositionLost(str(position))
            start = position - self._removed
            records = [record for record, _ in self._records[start : start + limit]]
            return records, position + len(records)

    @property
    def _end(self) -> int:
        return self._removed + len(self._records)

    def _is_known(self, position: str) -> bool:
        return position.isdecimal() and self._removed <= int(position) <= self._end

    def _standing(self, position: str) -> int:
        return int(position) if self._is_known(position) else self._removed


class MemoryReader:
    """One consumer of the list."""

    def __init__(self, stream: MemoryStream, group: str, find_positions: FindPositions) -> None:
        self._stream = stream
        self._group = group
        self._find_positions = find_positions
        self._position: int | None = None

    def read(self, *, limit: int, wait: float) -> Chunk | None:
        """Return the next records, or None."""
        if not self._stream.lease(self, group=self._group, wait=wait):
            return None
        if self._position is None:
            self._position = self._stream.place(self._find_positions((ONLY,)).get(ONLY))
        records, self._position = self._stream.read_from(self._position, limit=limit, wait=wait)
        return Chunk(records, {ONLY: str(self._position)}) if records else None

    def close(self) -> None:
        """Give the partition back."""
        self._position = None
        self._stream.give_back(self, group=self._group)
