"""Following the stream as events and exposures, for consumers of other apps."""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from apps.tracking.contracts import Exposure, StreamBatch, TrackedEvent
from apps.tracking.stream import records
from apps.tracking.stream.base import Chunk
from apps.tracking.stream.choice import get_stream

logger = logging.getLogger(__name__)

KEPT = timedelta(hours=1)


def follow(
    *, group: str, position: str | None, limit: int, wait: float, stop: Callable[[], bool]
) -> Iterator[StreamBatch]:
    """Yield what comes after `position`, from the earliest kept record when it is None, until `stop`.

    `wait` bounds how long `stop` may go unasked. Raises Unavailable when the stream does not answer: begin again then;
    PositionLost, before the first batch, for what is not a position of this stream.
    """
    reader = get_stream().open(group=group, position=position)
    try:
        while not stop():
            chunk = reader.read(limit=limit, wait=wait)
            if chunk is not None:
                yield _batch(chunk)
    finally:
        reader.close()


def acknowledge(*, group: str, position: str) -> None:
    """Note that the group will not ask for anything up to `position` again."""
    get_stream().acknowledge(group=group, position=position)


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
    batch = StreamBatch(events=[], exposures=[], position=chunk.position)
    for record in chunk.records:
        try:
            value = records.read(record)
        except records.UnreadableRecord as error:  # the table consumer keeps it as a dead letter
            logger.warning("passing over an unreadable record: %s", error)
            continue
        if isinstance(value, TrackedEvent):
            batch.events.append(value)
        else:
            batch.exposures.append(value)
    return batch
