"""Marks: which events a state counts already, in eight bytes each. An event that comes again is known by its mark."""

import zlib
from uuid import UUID

from apps.recommend.features.state import MARKS_KEPT, StateKey

WIDTH = 8
BUCKETS = 4_096  # states of nobody in each site, which know the events without a shopper
MASK = (1 << 8 * WIDTH) - 1
_KEPT_BYTES = MARKS_KEPT * WIDTH


def mark_of(event_id: UUID) -> int:
    """Return what stands for the event."""
    return event_id.int & MASK


def known(marks: bytes | bytearray, mark: bytes) -> bool:
    """Return whether the mark is among the marks."""
    found = marks.find(mark)
    while found > 0 and found % WIDTH:  # it begins within another mark
        found = marks.find(mark, found + 1)
    return found >= 0


def newest(marks: bytes | bytearray) -> bytes:
    """Return the marks that are kept of these."""
    return bytes(marks[-_KEPT_BYTES:])


def nobody(site_id: str, event_id: UUID) -> StateKey:
    """Return the key of the state that knows this event, which has no shopper."""
    return site_id, UUID(int=zlib.crc32(event_id.bytes) % BUCKETS)
