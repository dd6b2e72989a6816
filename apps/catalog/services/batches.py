"""JSON Lines cut into batches that are applied together, from any place where a runner stopped."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

MAX_LINE = 1024 * 1024
BATCH_LINES = 500
BATCH_BYTES = 4 * 1024 * 1024
BOM = b"\xef\xbb\xbf"


class _OnlyId(msgspec.Struct):
    item_id: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines that are applied together: (1-based number, bytes) of those that are not blank, and where they end."""

    lines: list[tuple[int, bytes]]
    end: int
    last_line: int


def read(data: bytes, offset: int, line: int) -> Iterator[Batch]:
    """Yield what is left of the lines from this offset on; `line` is the number of the last one before it."""
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
        if len(lines) == BATCH_LINES or end - start >= BATCH_BYTES:
            yield Batch(lines, end, line)
            lines, start = [], end
    if lines or end > start:
        yield Batch(lines, end, line)


def item_id_of(line: bytes) -> str | None:
    """Return the item id of a refused line where it can be read, cut to a length that a report can bear."""
    if len(line) > MAX_LINE:
        return None
    try:
        found = msgspec.json.decode(line, type=_OnlyId).item_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found[:128] if found else None
