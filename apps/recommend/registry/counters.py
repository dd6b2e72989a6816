"""What versions do in service, counted: slates, failures, empty ones, scores; by version and hour, of all processes.

Counting costs a request a few dictionary steps; a thread adds what came together to Redis about every second. Failure
policy: while Redis is away a process goes on counting in memory; what a crash takes is lost, for a second of counts
changes no verdict.
"""

import atexit
import logging
import os
import threading
from collections.abc import Iterable, Mapping
from typing import cast

import redis
from django.conf import settings

from specrec.kernel.redis import client

logger = logging.getLogger(__name__)

HOUR = 3_600
_KEPT_HOURS = 9 * 24
_KEPT_SECONDS = _KEPT_HOURS * HOUR
_FLUSH_SECONDS = 1.0
_FIELDS_HELD = 10_000  # while Redis is away; beyond that nothing new is counted
Key = tuple[str, str]  # site, stamp


def count(*, site_id: str, stamp: str, at: float, amounts: Mapping[str, float]) -> None:
    """Add amounts to what this version did in the hour of `at` (seconds since 1970)."""
    _COUNTERS.add((site_id, stamp), int(at // HOUR), amounts)


def flush() -> None:
    """Write what was counted in this process since the last time; raises RedisError, and then nothing is lost."""
    _COUNTERS.flush()


def read(*, site_id: str, stamp: str, since: float = 0.0, until: float = float("inf")) -> dict[str, float]:
    """Return the sums by name over the hours that overlap [since, until), seconds since 1970; raises RedisError."""
    found = cast("dict[bytes, bytes]", client().hgetall(_name(site_id, stamp)))
    _forget_old(_name(site_id, stamp), found)
    first = int(since // HOUR)
    sums: dict[str, float] = {}
    for field, value in found.items():
        hour, _, name = field.decode().partition(":")
        if first <= int(hour) and int(hour) * HOUR < until:
            sums[name] = sums.get(name, 0.0) + float(value)
    return sums


def forget(*, site_id: str, stamp: str) -> None:
    """Drop what a version did. Failure policy: without Redis it stays, is logged, and ends by its age."""
    _COUNTERS.drop((site_id, stamp))
    try:
        client().delete(_name(site_id, stamp))
    except redis.RedisError as error:
        logger.warning("counts of model %s not removed: %s", stamp, type(error).__name__)


def _forget_old(name: str, found: dict[bytes, bytes]) -> None:
    """Remove the hours that are over for long: a version that answers for months would be read ever more slowly."""
    hours = {field: int(field.partition(b":")[0]) for field in found}
    oldest = max(hours.values(), default=0) - _KEPT_HOURS
    old = [field for field, hour in hours.items() if hour < oldest]
    if old:
        client().hdel(name, *old)
        for field in old:
            del found[field]


def _name(site_id: str, stamp: str) -> str:
    return f"models:live:{site_id}:{stamp}"


class _Counters:
    """Counts of one process on their way to Redis."""

    def __init__(self) -> None:
        self._held: dict[Key, dict[str, float]] = {}
        self._lock = threading.Lock()
        self._thread_of: int | None = None

    def add(self, key: Key, hour: int, amounts: Mapping[str, float]) -> None:
        # Where nothing is polled (tests) nothing runs beside the requests: `flush` is called by hand.
        if self._thread_of != os.getpid() and settings.MODEL_POLL_SECONDS > 0:
            self._start()
        with self._lock:
            held = self._held.setdefault(key, {})
            if len(held) < _FIELDS_HELD:
                for name, amount in amounts.items():
                    field = f"{hour}:{name}"
                    held[field] = held.get(field, 0.0) + amount

    def drop(self, key: Key) -> None:
        with self._lock:
            self._held.pop(key, None)

    def flush(self) -> None:
        with self._lock:
            taken, self._held = self._held, {}
        try:
            _write(taken)
        except redis.RedisError:
            self._put_back(taken.items())
            raise

    def _put_back(self, taken: Iterable[tuple[Key, dict[str, float]]]) -> None:
        with self._lock:
            for key, fields in taken:
                held = self._held.setdefault(key, {})
                for field, amount in fields.items():
                    held[field] = held.get(field, 0.0) + amount

    def _start(self) -> None:
        with self._lock:
            if self._thread_of == os.getpid():
                return
            if self._thread_of is not None:
                self._held = {}  # copied by a fork: the parent writes those
            self._thread_of = os.getpid()
        threading.Thread(target=self._follow, name="model-counters", daemon=True).start()
        atexit.register(self._flush_or_log)

    def _follow(self) -> None:
        pause = threading.Event()
        while not pause.wait(_FLUSH_SECONDS):
            self._flush_or_log()

    def _flush_or_log(self) -> None:
        try:
            self.flush()
        except redis.RedisError as error:
            logger.warning("what models did is not written yet: %s", type(error).__name__)
        except Exception:
            # The thread must outlive any defect, or nothing this process does would be guarded any more.
            logger.exception("what models did is not written yet")


def _write(taken: Mapping[Key, Mapping[str, float]]) -> None:
    if not taken:
        return
    with client().pipeline(transaction=True) as pipe:
        for (site_id, stamp), fields in taken.items():
            name = _name(site_id, stamp)
            for field, amount in fields.items():
                pipe.hincrbyfloat(name, field, amount)
            pipe.expire(name, _KEPT_SECONDS)
        pipe.execute()


_COUNTERS = _Counters()
