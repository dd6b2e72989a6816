"""Features in memory: the twin for tests, and for computing what the states would be."""

import time
from collections.abc import Callable, Mapping, Sequence
from threading import Lock

import msgspec

from apps.recommend import conf
from apps.recommend.features.counts import ends_at
from apps.recommend.features.state import EMPTY, Changes, CountKey, ShopperState, StateKey
from apps.recommend.features.touch_log import LogEntry, LogPage, pack, unpack

_PACK = msgspec.msgpack.Encoder().encode
_UNPACK = msgspec.msgpack.Decoder(ShopperState).decode


class MemoryStore:
    """States, counts and the consumers' positions in one process."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self.states: dict[StateKey, ShopperState] = {}
        self.counts: dict[CountKey, dict[str, int]] = {}
        self._batches: dict[tuple[str, str], dict[str, float]] = {}
        self.logs: dict[str, list[LogEntry]] = {}
        self._log_since: float | None = None
        self._ground: str | None = None
        self._positions: dict[str, str] = {}
        self._clock = clock
        self._lock = Lock()

    def read(self, keys: Sequence[StateKey]) -> list[ShopperState]:
        """Return the states in the order of the keys; an unknown shopper has the empty one."""
        with self._lock:
            return [self.states.get(key, EMPTY) for key in keys]

    def read_packed(self, keys: Sequence[StateKey]) -> list[bytes | None]:
        """Return the states as they are stored, for a writer; None for an unknown shopper."""
        with self._lock:
            return [_PACK(self.states[key]) if key in self.states else None for key in keys]

    def read_counts(self, keys: Sequence[CountKey]) -> list[dict[str, int]]:
        """Return the counts in the order of the keys, by field; an unknown key has none."""
        with self._lock:
            now = self._clock()
            kept = [self.counts.get(key, {}) if ends_at(key) > now else {} for key in keys]
            return [{field: amount for field, amount in fields.items() if amount} for fields in kept]

    def read_batch(self, *, site_id: str, name: str) -> dict[str, float]:
        """Return what a batch feature says by item id; empty when it was never computed."""
        with self._lock:
            return dict(self._batches.get((site_id, name), {}))

    def write_batch(self, *, site_id: str, name: str, values: Mapping[str, float]) -> None:
        """Replace the values of a batch feature as a whole."""
        with self._lock:
            self._batches[(site_id, name)] = dict(values)

    def read_log(self, *, site_id: str, after: str, limit: int) -> LogPage:
        """Return entries of the site's touch log behind the place, "0" being before the first."""
        with self._lock:
            log = self.logs.get(site_id, [])
            behind = [entry for entry in log if _place(entry.place) > _place(after)]
            first = log[0] if log else LogEntry("0-0", 0, [])
            return LogPage(
                ground=self._ground,
                since=self._log_since,
                first_number=first.number,
                first_time=_place(first.place)[0] / 1_000,
                entries=behind[:limit],
            )

    def ground(self) -> str | None:
        """Return what the states are built on."""
        with self._lock:
            return self._ground

    def positions(self, partitions: Sequence[str]) -> dict[str, str]:
        """Return by partition the position after the last record that is in the states; absent when there is none."""
        with self._lock:
            return {name: self._positions[name] for name in partitions if name in self._positions}

    def write(
        self, changes: Changes, *, ground: str | None, expected: Mapping[str, str | None], positions: Mapping[str, str]
    ) -> bool:
        """Store changes and positions together and return True.

        Stores nothing and returns False when the ground is not `ground`, or one of the `expected` positions (None: no
        position) is not the stored one.
        """
        with self._lock:
            moved = any(self._positions.get(name) != position for name, position in expected.items())
            if moved or self._ground != ground:
                return False
            self.states.update(changes.states)
            self.states.update({key: _UNPACK(packed) for key, packed in changes.packed.items()})
            for key, added in changes.counts.items():
                fields = self.counts.setdefault(key, {})
                for field, amount in added.items():
                    fields[field] = fields.get(field, 0) + amount
            self._log(changes)
            self._positions.update(positions)
            return True

    def move(self, *, ground: str | None, to: str | None, positions: Mapping[str, str]) -> bool:
        """Change the ground and return True; all positions are forgotten but these. False when it is not `ground`."""
        with self._lock:
            if self._ground != ground:
                return False
            self._ground, self._positions = to, dict(positions)
            return True

    def clear(self, *, ground: str | None = None) -> bool:
        """Forget all states and counts and positions (batch features stay), on `ground`; always whole here."""
        with self._lock:
            self.states, self.counts, self._ground, self._positions = {}, {}, ground, {}
            self.logs, self._log_since = {}, None
            if ground is not None:
                self._log_since = self._clock() - conf.LOGGED_FOR.total_seconds()
            return True

    def _log(self, changes: Changes) -> None:
        now = self._clock()
        for site_id, touches in changes.logged.items():
            if self._log_since is None:
                self._log_since = now
            log = self.logs.setdefault(site_id, [])
            number = log[-1].number + 1 if log else 1
            log.append(LogEntry(f"{int(now * 1_000)}-{number}", number, unpack(pack(touches))))


def _place(text: str) -> tuple[int, int]:
    time, _, number = text.partition("-")
    return int(time), int(number or 0)
