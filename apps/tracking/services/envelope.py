"""What surrounds events on the wire: batch, single event, beacon, compression. Faults here are for the whole call."""

import zlib

import msgspec

from apps.tracking.contracts import MAX_BYTES, MAX_EVENTS
from specrec.kernel import wire
from specrec.kernel.errors import Invalid, TooLarge

_GZIP = 16 + zlib.MAX_WBITS


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    events: list[msgspec.Raw]


class Beacon(msgspec.Struct, forbid_unknown_fields=True):
    """What a browser sends as it leaves a page: a beacon has no headers, so the key is in the body."""

    key: str
    events: list[msgspec.Raw]


def decode_envelope(*, body: bytes) -> list[msgspec.Raw]:
    """Return the undecoded events of `{"events": [...]}`, or the one event of the body. Raises Invalid, TooLarge."""
    found = wire.decode(body, dict[str, msgspec.Raw], max_bytes=MAX_BYTES)
    if "events" not in found:
        return [msgspec.Raw(body)]
    return _checked(wire.decode(body, _Envelope).events)


def decode_beacon(*, body: bytes) -> Beacon:
    """Return key and undecoded events of `{"key": ..., "events": [...]}`. Raises Invalid, TooLarge."""
    beacon = wire.decode(body, Beacon, max_bytes=MAX_BYTES)
    _checked(beacon.events)
    return beacon


def inflate(*, body: bytes, encoding: str) -> bytes:
    """Return the body of a `Content-Encoding`, never making more than MAX_BYTES of it. Raises Invalid, TooLarge."""
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return body
    if name != "gzip":
        message = f"The encoding {name[:32]!r} is not known here; send gzip, or none."
        raise Invalid(message, code="unknown_encoding", field="Content-Encoding")
    inflater = zlib.decompressobj(_GZIP)
    try:
        plain = inflater.decompress(body, MAX_BYTES + 1)
    except zlib.error as error:
        raise Invalid("The body is not valid gzip.", code="malformed_gzip") from error
    if len(plain) > MAX_BYTES:
        message = f"The body unpacks to more than {MAX_BYTES:,} bytes. Send it in smaller parts."
        raise TooLarge(message, code="too_large", max_bytes=MAX_BYTES)
    if not inflater.eof or inflater.unused_data:
        raise Invalid("The body is not one whole gzip file.", code="malformed_gzip")
    return plain


def _checked(events: list[msgspec.Raw]) -> list[msgspec.Raw]:
    if len(events) > MAX_EVENTS:
        message = f"The batch holds {len(events):,} events; at most {MAX_EVENTS:,} are accepted. Send several batches."
        raise TooLarge(message, code="too_many_events", field="events", max_events=MAX_EVENTS)
    return events
