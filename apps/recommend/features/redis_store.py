"""Features in Redis. One MGET reads states; one script writes states, counts and positions together, or nothing.

The script compares ground and positions with those that the writer started from. So a second writer, or a Redis that
came back empty or older, is noticed at the first write, and no state can be ahead of or behind its position.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha1
from typing import Any
from uuid import UUID

import msgspec
import redis

from apps.recommend import conf
from apps.recommend.features import scripts
from apps.recommend.features.counts import ends_at
from apps.recommend.features.state import EMPTY, Changes, CountKey, ShopperState, StateKey
from apps.recommend.features.touch_log import LogEntry, LogPage, pack, unpack
from specrec.kernel.quick_redis import Command, ask

logger = logging.getLogger(__name__)

_DECODER = msgspec.msgpack.Decoder(ShopperState)
_BATCHES = msgspec.msgpack.Decoder(dict[str, float])
_ENCODER = msgspec.msgpack.Encoder()
_VERSION = 2  # of the layout; another layout is other keys, and is rebuilt from the table
_TTL = int(conf.STATE_FOR.total_seconds())
_PAGE = 2_000
_LOGGED_FOR = int(conf.LOGGED_FOR.total_seconds() * 1_000)


class RedisStore:
    """States, counts and the consumers' positions in Redis; `prefix` separates stores that share one."""

    def __init__(self, client: "redis.Redis", *, prefix: str = "features") -> None:
        self._client = client  # for what is not on the hot path
        self._prefix = f"{prefix}:{_VERSION}"
        self.states_prefix = f"{self._prefix}:s:"
        self.counts_prefix = f"{self._prefix}:c:"
        self._logs_prefix = f"{self._prefix}:t:"
        self._log_figures = f"{self._prefix}:log"
        self._ground = f"{self._prefix}:ground"
        self._positions = f"{self._prefix}:positions"

    def read(self, keys: Sequence[StateKey]) -> list[ShopperState]:
        """Return the states in the order of the keys; an unknown shopper has the empty one."""
        return [state_of(raw) for raw in self.read_packed(keys)]

    def read_packed(self, keys: Sequence[StateKey]) -> list[bytes | None]:
        """Return the states as they are stored, for a writer; None for an unknown shopper."""
        return self.packed([self._state_key(key) for key in keys]) if keys else []

    def fetch(self, key: StateKey, *beside: Command, within: float | None = None) -> tuple[bytes | None, list[Any]]:
        """Return the packed state and the answers to the commands beside it, in one round trip of so many seconds."""
        raw, *answers = ask(("GET", self._state_key(key)), *beside, within=within)
        return raw, answers

    def scan(self, *, site_id: str) -> Iterator[tuple[UUID, ShopperState]]:
        """Yield all states of the site, in no order; one that is written meanwhile may be missing."""
        for keys in self.pages(f"{self.states_prefix}{site_id}:"):
            for key, raw in zip(keys, self.packed(keys), strict=True):
                if raw is not None:
                    yield UUID(hex=key.rsplit(b":", 1)[1].decode()), state_of(raw)

    def pages(self, prefix: str) -> Iterator[list[bytes]]:
        """Yield the keys that begin so, in no order; one that is written meanwhile may be missing or come twice."""
        cursor = None
        while cursor != b"0":
            ((cursor, keys),) = ask(("SCAN", cursor or b"0", "MATCH", f"{prefix}*", "COUNT", _PAGE))
            if keys:
                yield keys

    def packed(self, keys: Sequence[str] | Sequence[bytes]) -> list[bytes | None]:
        """Return what is stored under these keys of states."""
        (found,) = ask(("MGET", *keys))
        return list(found)

    def fields(self, keys: Sequence[bytes]) -> list[dict[str, int]]:
        """Return what is stored under these keys of counts."""
        return [_counts_of(found) for found in ask(*(("HGETALL", key) for key in keys))]

    def sizes(self, keys: Sequence[bytes]) -> list[int]:
        """Return how many bytes Redis needs for each of these keys and what is stored under it."""
        found = ask(*(("MEMORY", "USAGE", key, "SAMPLES", 0) for key in keys))
        return [size for size in found if size is not None]

    def read_counts(self, keys: Sequence[CountKey]) -> list[dict[str, int]]:
        """Return the counts in the order of the keys, by field; an unknown key has none. One round trip."""
        found = ask(*(("HGETALL", self._count_key(key)) for key in keys)) if keys else []
        return [_counts_of(one) for one in found]

    def read_batch(self, *, site_id: str, name: str) -> dict[str, float]:
        """Return what a batch feature says by item id; empty when it was never computed."""
        (raw,) = ask(("GET", self._batch_key(site_id, name)))
        return {} if raw is None else _BATCHES.decode(raw)

    def write_batch(self, *, site_id: str, name: str, values: Mapping[str, float]) -> None:
        """Replace the values of a batch feature as a whole."""
        self._client.set(self._batch_key(site_id, name), _ENCODER.encode(dict(values)))

    def ground(self) -> str | None:
        """Return what the states are built on."""
        raw = self._client.get(self._ground)
        return raw.decode() if isinstance(raw, bytes) else None

    def positions(self, partitions: Sequence[str]) -> dict[str, str]:
        """Return by partition the position after the last record that is in the states; absent when there is none."""
        if not partitions:
            return {}
        (found,) = ask(("HMGET", self._positions, *partitions))
        return {name: raw.decode() for name, raw in zip(partitions, found, strict=True) if raw is not None}

    def write(
        self, changes: Changes, *, ground: str | None, expected: Mapping[str, str | None], positions: Mapping[str, str]
    ) -> bool:
        """Store changes and positions together and return True.

        Stores nothing and returns False when the ground is not `ground`, or one of the `expected` positions (None: no
        position) is not the stored one.
        """
        return self._run(
            _WRITE,
            [
                *(self._ground, self._positions),
                *map(self._state_key, changes.states),
                *map(self._state_key, changes.packed),
            ],
            [
                _ENCODER.encode([ground, list(expected.items()), list(positions.items()), _TTL]),
                self._added(changes, behind=2 + len(changes.states) + len(changes.packed)),
                *map(_ENCODER.encode, changes.states.values()),
                *changes.packed.values(),
                *map(pack, changes.logged.values()),
            ],
        )

    def move(self, *, ground: str | None, to: str | None, positions: Mapping[str, str]) -> bool:
        """Change the ground and return True; all positions are forgotten but these. False when it is not `ground`."""
        arguments = [_ENCODER.encode([ground, to, list(positions.items())])]
        return self._run(_MOVE, [self._ground, self._positions], arguments)

    def clear(self, *, ground: str | None = None) -> bool:
        """Forget all states and counts and positions (batch features stay), on `ground` from the first moment on.

        So writers on another add nothing any more. Returns False, and forgets nothing more, when somebody else changed
        the ground meanwhile: what is found after that is theirs.
        """
        keys = [self._ground, self._positions, self._log_figures]
        self._run(_TAKE, keys, [_ENCODER.encode([ground, _LOGGED_FOR])])
        for prefix in (self.states_prefix, self.counts_prefix, self._logs_prefix):
            for found in self.pages(prefix):
                if not self._run(_FORGET, [self._ground, *found], [_ENCODER.encode([ground])]):
                    return False
        return True

    def _run(self, script: "_Script", keys: Sequence[str | bytes], arguments: Sequence[bytes]) -> bool:
        rest: Command = (len(keys), *keys, *arguments)
        try:
            (done,) = ask(("EVALSHA", script.digest, *rest))
        except redis.ResponseError as error:
            if not str(error).startswith("NOSCRIPT"):
                raise
            (done,) = ask(("EVAL", script.text, *rest))
        return bool(done)

    def read_log(self, *, site_id: str, after: str, limit: int) -> LogPage:
        """Return entries of the site's touch log behind the place, "0" being before the first."""
        key = f"{self._logs_prefix}{site_id}"
        ground, (since, number, last_at), first, entries = ask(
            ("GET", self._ground),
            ("HMGET", self._log_figures, ":since", site_id, f"{site_id}:at"),
            ("XRANGE", key, "-", "+", "COUNT", 1),
            ("XRANGE", key, f"({after}", "+", "COUNT", limit),
        )
        return LogPage(
            ground=None if ground is None else ground.decode(),
            since=None if since is None else int(since) / 1_000,
            # Of a log that ended by its age the next entry would be the first, and none is missing after its last.
            first_number=int(first[0][1][1]) if first else int(number or -1) + 1,
            first_time=int(first[0][0].split(b"-")[0] if first else last_at or 0) / 1_000,
            entries=[
                LogEntry(place.decode(), int(number), unpack(packed)) for place, (_, number, _, packed) in entries
            ],
        )

    def _added(self, changes: Changes, *, behind: int) -> bytes:
        """Return what is added to counts and logs, as the script takes it; entries follow so many arguments."""
        counts = [(self._count_key(key), ends_at(key), add) for key, add in changes.counts.items()]
        logs = [
            (site_id, f"{self._logs_prefix}{site_id}", place)
            for place, site_id in enumerate(changes.logged, start=behind + 1)
        ]
        return _ENCODER.encode((counts, self._log_figures, logs, conf.LOG_ENTRIES, _LOGGED_FOR))

    def _state_key(self, key: StateKey) -> str:
        return f"{self.states_prefix}{key[0]}:{key[1].hex}"

    def _count_key(self, key: CountKey) -> str:
        return f"{self.counts_prefix}{key[0]}:{key[1]}:{key[2]}"

    def _batch_key(self, site_id: str, name: str) -> str:
        return f"{self._prefix}:b:{site_id}:{name}"


class _Script:
    """A script and the name by which Redis knows it once it has run."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = sha1(text.encode(), usedforsecurity=False).hexdigest()


_WRITE = _Script(scripts.WRITE)
_MOVE = _Script(scripts.MOVE)
_TAKE = _Script(scripts.TAKE)
_FORGET = _Script(scripts.FORGET)


def state_of(raw: bytes | None) -> ShopperState:
    """Return the state that was packed; the empty one for nothing, or for what cannot be read."""
    if raw is None:
        return EMPTY
    try:
        return _DECODER.decode(raw)
    except msgspec.MsgspecError:
        logger.exception("a stored shopper state cannot be read and counts as empty")
        return EMPTY


def _counts_of(found: Mapping[bytes, bytes] | Sequence[bytes]) -> dict[str, int]:
    """Return the fields of a hash; what was added and taken away again is no count."""
    # A map by the newer protocol, fields and values in turn by the older one.
    pairs = found.items() if isinstance(found, Mapping) else zip(found[::2], found[1::2], strict=True)
    amounts = ((field.decode(), int(amount)) for field, amount in pairs)
    return {field: amount for field, amount in amounts if amount}
