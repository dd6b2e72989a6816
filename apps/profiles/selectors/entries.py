"""Shoppers in Redis: what the serving path reads instead of Postgres.

An entry is a 16-digit version, the tag of the lease under which it was written, and the packed shopper. It counts only
under a lease with the same tag (`leases`). An older version never replaces a newer one, whoever comes last. While a
change is being committed a *mark* (the new version alone) stands there: readers go to Postgres, what they read before
the commit is not kept, and what they read after it is.
"""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import redis
from django.db import InterfaceError, OperationalError

from apps.profiles.contracts import Shopper
from apps.profiles.selectors import leases
from specrec.kernel.quick_redis import ask
from specrec.kernel.redis import client, hasty_client

logger = logging.getLogger(__name__)

KNOWN_SECONDS = 3_600
UNKNOWN_SECONDS = 60
MARK_SECONDS = 60  # longer than any transaction that sets one
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
_HEAD = DIGITS + leases.TAG_LENGTH
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Shopper)
_renewing = threading.Lock()


class Known(NamedTuple):
    """A shopper and the version that grows with every change of it; 0 where nothing is known of it."""

    version: int
    shopper: Shopper


class _Pause:
    """After Redis did not answer it is left alone for a moment, instead of waited for once a request."""

    until = 0.0


class _Renewal:
    """When this process renews the lease, if it still reads under it: at half its life, so that it seldom ends."""

    due = 0.0


def entry_keys(site_id: str, kind: str, value: str) -> tuple[str, str]:
    """Return the Redis keys of what is known of an identity: its entry, and the lease."""
    return f"shopper:{site_id}:{kind}:{value}", leases.KEY


def read(keys: Sequence[str]) -> list[bytes | None] | None:
    """Return what stands at the keys; None when Redis does not answer."""
    if _is_away():
        return None
    try:
        found: list[bytes | None] = ask(("MGET", *keys))[0]
    except redis.RedisError as error:
        _pause(error)
        return None
    return found


def unpacked(found: Sequence[bytes | None] | None) -> Shopper | None:
    """Return the shopper of entry and lease; None when there is none, it does not count, or is just being changed."""
    entry, lease = found or (None, None)
    if entry is None or lease is None:
        return None
    known = _opened(entry, lease)
    if known is None:
        return None
    if time.monotonic() >= _Renewal.due:
        _renew_early()
    return known.shopper


def read_all(keys: Sequence[str]) -> tuple[list[Known | None], bytes | None]:
    """Return what stands at the entries of these keys and counts, and the tag of the lease as `tag_of` does.

    A lease that is given now speaks for what was read just before: no change was committed before that reading of
    which Redis was not told, or the tag would be another. Raises OperationalError when Postgres is away.
    """
    found = read((leases.KEY, *keys))
    tag = tag_of(None if found is None else (None, found[0]))
    if found is None or tag is None:
        return [None] * len(keys), tag
    if time.monotonic() >= _Renewal.due:
        _renew_early()
    return [None if entry is None else _opened(entry, tag) for entry in found[1:]], tag


def tag_of(found: Sequence[bytes | None] | None) -> bytes | None:
    """Return the tag of the lease for what is read from now on, renewed if need be; None when there is none.

    Raises OperationalError when Postgres is away.
    """
    if found is None or _is_away():
        return None
    return found[1] or _renew()


def mark(versions: Mapping[str, int]) -> bool:
    """Mark the entries at these keys as being changed to these versions; return whether Redis was told."""
    if _is_away():
        return False
    try:
        _put(hasty_client(), {key: _head(version) for key, version in versions.items()}, MARK_SECONDS)
    except redis.RedisError as error:
        _pause(error)
        return False
    return True


def fill(key: str, *, version: int, shopper: Shopper, tag: bytes) -> None:
    """Keep what was read after the tag was."""
    fill_all({key: Known(version, shopper)}, tag=tag)


def fill_all(found: Mapping[str, Known], *, tag: bytes) -> None:
    """Keep all that was read after the tag was."""
    if _is_away():
        return
    for seconds, is_known in ((KNOWN_SECONDS, True), (UNKNOWN_SECONDS, False)):
        packed = {
            key: _head(version) + tag + _ENCODER.encode(shopper)
            for key, (version, shopper) in found.items()
            if (version > 0) == is_known
        }
        if not packed:
            continue
        try:
            _put(client(), packed, seconds)
        except redis.RedisError as error:
            _pause(error)


def resume() -> None:
    """Know nothing of Redis, as a new process does."""
    _Pause.until = _Renewal.due = 0.0


def _opened(entry: bytes, lease: bytes) -> Known | None:
    if len(entry) <= _HEAD or entry[DIGITS:_HEAD] != lease:
        return None
    try:
        return Known(int(entry[:DIGITS]), _DECODER.decode(memoryview(entry)[_HEAD:]))
    except (msgspec.MsgspecError, ValueError):
        logger.warning("an unreadable shopper entry is read from Postgres instead")
        return None


def _put(to: "redis.Redis", entries: Mapping[str, bytes], seconds: int) -> None:
    to.eval(_PUT, len(entries), *entries, str(seconds), *entries.values())


def _head(version: int) -> bytes:
    return f"{version:0{DIGITS}d}".encode()


def _renew() -> bytes | None:
    """Only one thread at a time: the others get what they need from Postgres meanwhile, and do not keep it."""
    if not _renewing.acquire(blocking=False):
        return None
    try:
        _Renewal.due = time.monotonic() + leases.SECONDS / 2
        return leases.renew()
    except redis.RedisError as error:
        _pause(error)
        return None
    finally:
        _renewing.release()


def _renew_early() -> None:
    try:
        _renew()
    except (OperationalError, InterfaceError) as error:
        logger.warning("the lease of the shopper entries is not renewed: %s", type(error).__name__)


def _is_away() -> bool:
    return time.monotonic() < _Pause.until


def _pause(error: redis.RedisError) -> None:
    logger.warning("shopper entries unavailable, using Postgres: %s", type(error).__name__)
    _Pause.until = time.monotonic() + PAUSE_SECONDS
