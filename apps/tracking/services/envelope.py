"""What surrounds events on the wire: batch, single event, beacon, compression. Faults here are for the whole call."""

import json
import zlib
from datetime import datetime
from typing import Any

import msgspec

from apps.tracking.contracts import MAX_BYTES, MAX_EVENTS, Envelope, SentAt
from specrec.kernel import wire
from specrec.kernel.errors import Invalid, TooLarge

_GZIP = 16 + zlib.MAX_WBITS


_NULL = msgspec.Raw(b"null")


class Beacon(msgspec.Struct, frozen=True):
    """What a browser sends as it leaves a page: a beacon has no headers, so the key is in the body."""

    key: str
    events: list[msgspec.Raw]
    sent_at: datetime | None = None


def decode_envelope(*, body: bytes, user_agent: str | None = None, origin: str | None = None) -> Envelope:
    """Return the undecoded events of `{"events": [...]}`, or the one event of the body. Raises Invalid, TooLarge."""
    found = _fields(body)
    if "events" not in found:
        return Envelope(events=[msgspec.Raw(body)], user_agent=user_agent, origin=origin)
    events = _events(found, allowed={"events", "sent_at"})
    return Envelope(events=events, sent_at=_sent_at(found), user_agent=user_agent, origin=origin)


def decode_beacon(*, body: bytes) -> Beacon:
    """Return key and undecoded events of `{"key": ..., "events": [...]}`. Raises Invalid, TooLarge."""
    found = _fields(body)
    key = wire.decode(bytes(found.get("key", _NULL)), str, at="key")
    return Beacon(key, _events(found, allowed={"key", "events", "sent_at"}), _sent_at(found))


def inflate(*, body: bytes, encoding: str, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the body of a `Content-Encoding`, never making more than `max_bytes` of it. Raises Invalid, TooLarge."""
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return body
    if name != "gzip":
        message = f"The encoding {name[:32]!r} is not known here; send gzip, or none."
        raise Invalid(message, code="unknown_encoding", field="Content-Encoding")
    inflater = zlib.decompressobj(_GZIP)
    try:
        plain = inflater.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise Invalid("The body is not valid gzip.", code="malformed_gzip") from error
    if len(plain) > max_bytes:
        message = f"The body unpacks to more than {max_bytes:,} bytes. Send it in smaller parts."
        raise TooLarge(message, code="too_large", max_bytes=max_bytes)
    if not inflater.eof or inflater.unused_data:
        raise Invalid("The body is not one whole gzip file.", code="malformed_gzip")
    return plain


def _fields(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return wire.decode(body, dict[str, msgspec.Raw], max_bytes=MAX_BYTES)
    except Invalid as error:
        loose = _read_loosely(body, error)
        if not isinstance(loose, dict):
            raise
        return {name.encode(errors="replace").decode(): _raw(value) for name, value in loose.items()}


def _sent_at(found: dict[str, msgspec.Raw]) -> datetime | None:
    given = bytes(found.get("sent_at", _NULL))
    return None if given == bytes(_NULL) else wire.decode(given, SentAt, at="sent_at")


def _events(found: dict[str, msgspec.Raw], *, allowed: set[str]) -> list[msgspec.Raw]:
    for name in found:
        if name not in allowed:
            raise Invalid(f"The body has an unknown field `{name[:64]}`.", code="unknown_field", field=name[:64])
    if "events" not in found:
        raise Invalid("The body needs `events`, a list.", code="missing_field", field="events")
    events = _items(bytes(found["events"]))
    if len(events) > MAX_EVENTS:
        message = f"The batch holds {len(events):,} events; at most {MAX_EVENTS:,} are accepted. Send several batches."
        raise TooLarge(message, code="too_many_events", field="events", max_events=MAX_EVENTS)
    return events


def _items(body: bytes) -> list[msgspec.Raw]:
    try:
        return wire.decode(body, list[msgspec.Raw], max_bytes=MAX_BYTES * 6, at="events")
    except Invalid as error:
        loose = _read_loosely(body, error)
        if not isinstance(loose, list):
            raise
        return [_raw(value) for value in loose]


def _read_loosely(body: bytes, error: Invalid) -> Any:
    """Return what a body holds that our decoder calls malformed; None when it is so, or wrong in another way.

    Half a surrogate pair or a NaN in one event must not cost its neighbours: that event alone fails in the steps.
    """
    if error.code != "malformed_json":
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())
