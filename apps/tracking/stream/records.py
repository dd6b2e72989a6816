"""Events and exposures as records of the stream, and back."""

from zlib import crc32

import msgspec

from apps.tracking.contracts import Exposure, TrackedEvent
from apps.tracking.stream.base import Record

EVENT = "event"
EXPOSURE = "exposure"
NOBODIES = 4_096  # as many states of nobody the features have in each site

_ENCODER = msgspec.msgpack.Encoder(uuid_format="bytes")
_EVENTS = msgspec.msgpack.Decoder(TrackedEvent)
_EXPOSURES = msgspec.msgpack.Decoder(Exposure)


class UnreadableRecord(ValueError):
    """The record is of an unknown kind, or its payload is not what its kind says."""


def from_event(event: TrackedEvent) -> Record:
    """Return the event as a record, keyed by shopper so that one shopper's events keep their order.

    Those of nobody are keyed by a number that follows from their id: a consumer that remembers which it has seen may
    do so by that number, and one that comes again goes to the same reader.
    """
    key = str(event.shopper_id or crc32(event.event_id.bytes) % NOBODIES)
    return Record(EVENT, key, _ENCODER.encode(event))


def from_exposure(exposure: Exposure) -> Record:
    """Return the exposure as a record."""
    return Record(EXPOSURE, str(exposure.shopper_id or exposure.recommendation_id), _ENCODER.encode(exposure))


def read(record: Record) -> TrackedEvent | Exposure:
    """Return what the record holds; raises UnreadableRecord."""
    try:
        if record.kind == EVENT:
            return _EVENTS.decode(record.payload)
        if record.kind == EXPOSURE:
            return _EXPOSURES.decode(record.payload)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnreadableRecord(str(error)) from error
    message = f"unknown kind {record.kind!r}"
    raise UnreadableRecord(message)
