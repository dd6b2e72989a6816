"""Shoppers in Redis: what the serving path reads instead of Postgres.

An entry is a 16-digit version and the packed shopper. An older version never replaces a newer one, whoever comes last:
a reader that filled from an old row, or the slower of two writers. While a change is being committed a *mark* (the new
version without a shopper) stands there: readers go to Postgres, and what they read before the commit is not kept.
A process that dies between mark and entry leaves the mark, which expires.
"""

import logging
import time
from collections.abc import Mapping

import msgspec
import redis

from apps.profiles.contracts import Shopper
from specrec.kernel.quick_redis import ask
from specrec.kernel.redis import client

logger = logging.getLogger(__name__)

# An hour, not a day: it bounds how long an outdated consent could live if Redis was away just when it was withdrawn.
KNOWN_SECONDS = 3_600
UNKNOWN_SECONDS = 60
MARK_SECONDS = 60
DIGITS = 16
PAUSE_SECONDS = 1.0

_PUT = """
for i, key in ipairs(KEYS) do
  local found = redis.call('GET', key)
  if not found or tonumber(string.sub(found, 1, 16)) <= tonumber(string.sub(ARGV[i + 1], 1, 16)) then
    redis.call('SET', key, ARGV[i + 1], 'EX', ARGV[1])
  end
end
"""
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Shopper)


class _Pause:
    """After Redis did not answer, readers leave it alone for a moment instead of waiting for it once a request."""

    until = 0.0


def entry_key(site_id: str, kind: str, value: str) -> str:
    """Return the Redis key of an identity."""
    return f"shopper:{site_id}:{kind}:{value}"


def read(key: str) -> bytes | None:
    """Return the entry; None when there is none, or Redis does not answer."""
    if time.monotonic() < _Pause.until:
        return None
    try:
        found = ask(("GET", key))[0]
    except redis.RedisError as error:
        _pause(error)
        return None
    return found if isinstance(found, bytes) else None


def unpacked(entry: bytes | None) -> Shopper | None:
    """Return the shopper of the entry; None when there is none, or it is just being changed."""
    if entry is None or len(entry) <= DIGITS:
        return None
    try:
        return _DECODER.decode(memoryview(entry)[DIGITS:])
    except msgspec.MsgspecError:
        logger.warning("an unreadable shopper entry is read from Postgres instead")
        return None


def put(entries: Mapping[str, tuple[int, Shopper | None]], *, seconds: int) -> None:
    """Write entries (or marks, where there is no shopper) that are not older than what stands there."""
    if not entries:
        return
    values = [f"{version:0{DIGITS}d}".encode() + _packed(shopper) for version, shopper in entries.values()]
    try:
        client().eval(_PUT, len(entries), *entries, str(seconds), *values)
    except redis.RedisError as error:
        _pause(error)


def fill(key: str, *, version: int, shopper: Shopper) -> None:
    """Keep what was just read, unless Redis is known to be away."""
    if time.monotonic() >= _Pause.until:
        put({key: (version, shopper)}, seconds=KNOWN_SECONDS if version else UNKNOWN_SECONDS)


def resume() -> None:
    """Ask Redis again at once, as a new process does."""
    _Pause.until = 0.0


def _packed(shopper: Shopper | None) -> bytes:
    return b"" if shopper is None else _ENCODER.encode(shopper)


def _pause(error: redis.RedisError) -> None:
    logger.warning("shopper entries unavailable, using Postgres: %s", type(error).__name__)
    _Pause.until = time.monotonic() + PAUSE_SECONDS
