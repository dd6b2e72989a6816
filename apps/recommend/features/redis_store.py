"""States in Redis. One MGET reads; one script writes states and position together, or nothing.

The script compares the position with the one that the writer started from. So a second writer, or a Redis that came
back empty, is noticed at the first write, and no state can be ahead of or behind its position.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import redis

from apps.recommend import conf
from apps.recommend.features.definitions import EMPTY, ShopperState
from apps.recommend.features.extract import StateKey
from specrec.kernel.quick_redis import Command, ask

logger = logging.getLogger(__name__)

_DECODER = msgspec.msgpack.Decoder(ShopperState)
_ENCODER = msgspec.msgpack.Encoder()
_VERSION = 1  # of the layout of a state; another layout is another key, and is rebuilt from the table
_TTL = int(conf.STATE_FOR.total_seconds())
_NONE = b"\x00"  # stands for "no position" in the script's arguments

# KEYS[1] position, KEYS[2..] states; ARGV[1] expected, ARGV[2] new position, ARGV[3] seconds to live, ARGV[4..] states
_WRITE = """
local current = redis.call('GET', KEYS[1]) or '\\0'
if current ~= ARGV[1] then return 0 end
for index = 2, #KEYS do redis.call('SET', KEYS[index], ARGV[index + 2], 'EX', ARGV[3]) end
if ARGV[2] == '\\0' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2]) end
return 1
"""


class RedisStore:
    """States and the consumer's position in Redis; `prefix` separates stores that share one."""

    def __init__(self, client: "redis.Redis", *, prefix: str = "features") -> None:
        self._client = client  # for what is not on the hot path
        self._prefix = f"{prefix}:{_VERSION}"
        self._position_key = f"{self._prefix}:position"

    def read(self, keys: Sequence[StateKey]) -> list[ShopperState]:
        """Return the states in the order of the keys; an unknown shopper has the empty one."""
        if not keys:
            return []
        (found,) = ask(("MGET", *(self._key(key) for key in keys)))
        return [state_of(raw) for raw in found]

    def fetch(self, key: StateKey, *beside: Command) -> tuple[bytes | None, list[Any]]:
        """Return the packed state and the answers to the commands beside it, in one round trip."""
        raw, *answers = ask(("GET", self._key(key)), *beside)
        return raw, answers

    def position(self) -> str | None:
        """Return the position after the last record that is in the states; None when there is none."""
        raw = self._client.get(self._position_key)
        return raw.decode() if isinstance(raw, bytes) else None

    def write(self, states: Mapping[StateKey, ShopperState], *, expected: str | None, position: str | None) -> bool:
        """Store states and position together and return True; nothing and False when the position is not `expected`."""
        keys = [self._position_key, *(self._key(key) for key in states)]
        arguments: list[bytes | int] = [
            _wire(expected),
            _wire(position),
            _TTL,
            *(_ENCODER.encode(state) for state in states.values()),
        ]
        return bool(self._client.register_script(_WRITE)(keys=keys, args=arguments))

    def _key(self, key: StateKey) -> str:
        site_id, shopper_id = key
        return f"{self._prefix}:{site_id}:{shopper_id.hex}"


def _wire(position: str | None) -> bytes:
    return _NONE if position is None else position.encode()


def state_of(raw: bytes | None) -> ShopperState:
    """Return the state that was packed; the empty one for nothing, or for what cannot be read."""
    if raw is None:
        return EMPTY
    try:
        return _DECODER.decode(raw)
    except msgspec.MsgspecError:
        logger.exception("a stored shopper state cannot be read and counts as empty")
        return EMPTY
