"""Following the stream as events and exposures, for consumers of other apps."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from apps.tracking.contracts import Exposure, StreamBatch, TrackedEvent
from apps.tracking.stream import records
from apps.tracking.stream.base import Chunk
from apps.tracking.stream.choice import get_stream

logger = logging.getLogger(__name__)

KEPT = timedelta(hours=1)
_FindPositions = Callable[[Sequence[str]], Mapping[str, str]]


def follow(
    *, group: str, find_positions: _FindPositions, limit: int, wait: float, stop: Callable[[], bool]
) -> Iterator[StreamBatch]:
    """Yield what comes after the positions that `find_positions` names, until `stop`.

    `find_positions` is asked whenever partitions are assigned to this reader; what it does not name begins at the
    earliest kept record. `wait` bounds how long `stop` may go unasked. Raises, also between batches, Unavailable when
    the stream does not answer: begin again then; PositionLost for what is not a position of this stream.
    """
    reader = get_stream().open(group=group, find_positions=find_positions)
    try:
        while not stop():
            chunk = reader.read(limit=limit, wait=wait)
            if chunk is not None:
                yield _batch(chunk)
    finally:
        reader.close()


def acknowledge(*, group: str, positions: Mapping[str, str]) -> None:
    """Note that the group will not ask for anything up to these positions again."""
    get_stream().acknowledge(group=group, positions=positions)


def record_exposures(*, exposures: Iterable[Exposure]) -> None:
    """Append the exposures to the stream. Raises Unavailable; the caller counts what is lost then."""
    get_stream().append([records.from_exposure(exposure) for exposure in exposures])


def trim_log(*, now: datetime) -> int:
    """Remove what every group has acknowledged and is older than an hour; return how many records."""
    return get_stream().trim(before=now - KEPT)


def status() -> dict[str, int]:
    """Return by consumer group how many records it has not acknowledged."""
    return get_stream().lag()


def _batch(chunk: Chunk) -> StreamBatch:
    events: list[TrackedEvent] = []
    exposures: list[Exposure] = []
    unreadable = 0
    for record in chunk.records:
        try:
            value = records.read(record)
        except records.UnreadableRecord as error:  # the table consumer keeps it as a dead letter
            logger.warning("passing over an unreadable record: %s", error)
            unreadable += 1
            continue
        if isinstance(value, TrackedEvent):
            events.append(value)
        else:
            exposures.append(value)
    return StreamBatch(events=events, exposures=exposures, positions=chunk.positions, unreadable=unreadable)
