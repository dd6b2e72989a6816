"""The newest sessions of each shopper, in Redis. Failure policy: without it events have no session made here.

An ask of a batch is one round trip, and so is keeping. Two batches of one shopper at the same moment may miss each
other's session; it then has two names, unless both begin in the same second.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
import redis

from apps.tracking.steps.sessions import Session
from specrec.kernel.redis import hasty_client

logger = logging.getLogger(__name__)

_LATE_SECONDS = 86_400  # how long after its end a session may still be joined
_REST_SECONDS = 1.0  # a Redis that did not answer is left alone so long: each ask could take a third of a second
_KEEP = """
for i, key in ipairs(KEYS) do redis.call('SET', key, ARGV[i + 1], 'EX', ARGV[1]) end
"""
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[Session])
_rest_until = 0.0


def find_sessions(*, site_id: str, shopper_ids: Sequence[UUID]) -> dict[UUID, list[Session]] | None:
    """Return the newest sessions of each shopper, oldest first; None where Redis does not answer."""
    if time.monotonic() < _rest_until:
        return None
    try:
        found: Any = hasty_client().mget([_key(site_id, one) for one in shopper_ids])
    except redis.RedisError as error:
        _rest(error)
        return None
    return {one: _read(value) for one, value in zip(shopper_ids, found, strict=True)}


def keep_sessions(*, site_id: str, sessions: Mapping[UUID, list[Session]], gap_seconds: int) -> None:
    """Keep the newest sessions of these shoppers for the batches that follow."""
    if not sessions or time.monotonic() < _rest_until:
        return
    keys = [_key(site_id, one) for one in sessions]
    values = [_ENCODER.encode(newest) for newest in sessions.values()]
    try:
        _script()(keys=keys, args=[gap_seconds + _LATE_SECONDS, *values])
    except redis.RedisError as error:
        _rest(error)


@cache
def _script() -> Any:  # of the stubs' many kinds of scripts
    return hasty_client().register_script(_KEEP)


def _key(site_id: str, shopper_id: UUID) -> str:
    return f"session:{site_id}:{shopper_id.hex}"


def _read(value: bytes | None) -> list[Session]:
    if value is None:
        return []
    try:
        return _DECODER.decode(value)
    except msgspec.MsgspecError:
        logger.warning("sessions of an unknown form are begun anew")
        return []


def _rest(error: redis.RedisError) -> None:
    global _rest_until  # noqa: PLW0603 - one state of one process
    _rest_until = time.monotonic() + _REST_SECONDS
    logger.warning("events have no session of ours while Redis does not answer: %s", type(error).__name__)
