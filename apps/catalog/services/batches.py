"""JSON Lines cut into batches that are applied together, from any place where a runner stopped."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import msgspec

MAX_LINE = 1024 * 1024
BATCH_LINES = 500
# While a batch is written, followers of the event log stand still: they wait for the oldest writing transaction.
BUDGET = timedelta(milliseconds=100)
FIRST_BYTES = 32 * 1024
MIN_BYTES = 4 * 1024
MAX_BYTES = 512 * 1024
BOM = b"\xef\xbb\xbf"


class _OnlyId(msgspec.Struct):
    item_id: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines that are applied together: (1-based number, bytes) of those that are not blank, and where they stand."""

    lines: list[tuple[int, bytes]]
    start: int
    end: int
    last_line: int


class Pace:
    """How many bytes a batch may have, so that writing one takes about BUDGET whatever its lines cost."""

    __slots__ = ("bytes",)

    def __init__(self) -> None:
        self.bytes = FIRST_BYTES

    def note(self, size: int, took: timedelta) -> None:
        """Learn from a batch: at most double, so that one quick batch makes no slow one."""
        fitting = int(size * (BUDGET / took)) if took > timedelta(0) else MAX_BYTES
        self.bytes = max(MIN_BYTES, min(MAX_BYTES, 2 * self.bytes, fitting))


def read(data: bytes, offset: int, line: int, pace: Pace) -> Iterator[Batch]:
    """Yield what is left of the lines from this offset on; `line` is the number of the last one before it.

    A batch ends with the line that fills it; `pace` may be changed between two of them.
    """
    lines: list[tuple[int, bytes]] = []
    start = end = offset
    while end < len(data):
        stop = data.find(b"\n", end)
        stop = len(data) if stop < 0 else stop + 1
        raw, end, line = data[end:stop], stop, line + 1
        if line == 1:
            raw = raw.removeprefix(BOM)
        if raw.strip():
            lines.append((line, raw.strip()))
        if len(lines) == BATCH_LINES or end - start >= pace.bytes:
            yield Batch(lines, start, end, line)
            lines, start = [], end
    if lines or end > start:
        yield Batch(lines, start, end, line)


def item_id_of(line: bytes) -> str | None:
    """Return the item id of a refused line where it can be read, cut to a length that a report can bear."""
    if len(line) > MAX_LINE:
        return None
    try:
        found = msgspec.json.decode(line, type=_OnlyId).item_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found[:128] if found else None
