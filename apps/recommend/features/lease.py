"""One active consumer: a lease in Redis, renewed while it is used. It saves work; that the states are right does not
depend on it, because every write compares the position."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import redis

from apps.recommend import conf
from specrec.kernel.crypto import new_secret

logger = logging.getLogger(__name__)

# KEYS[1] the lease; ARGV[1] who asks, ARGV[2] milliseconds
_TAKE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_LEAVE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class Lease:
    """A lease of one name for this object."""

    def __init__(self, client: "redis.Redis", *, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._key = f"lease:{name}"
        self._holder = new_secret(16)
        self._take = client.register_script(_TAKE)
        self._leave = client.register_script(_LEAVE)
        self._clock = clock
        self._renew_at = 0.0
        self._held = False

    def holds(self) -> bool:
        """Return whether the lease is ours, taking or renewing it where it is due; raises RedisError."""
        now = self._clock()
        if self._held and now < self._renew_at:
            return True
        self._held = bool(self._take(keys=[self._key], args=[self._holder, int(conf.LEASE_SECONDS * 1_000)]))
        self._renew_at = now + conf.LEASE_SECONDS / 4
        return self._held

    def leave(self) -> None:
        """Give the lease back, so that the next one need not wait for its end; raises RedisError."""
        self._held = False
        self._leave(keys=[self._key], args=[self._holder])

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew the lease beside what is done inside, where one step may take longer than the lease lasts."""
        over = threading.Event()
        thread = threading.Thread(target=self._keep, args=(over,), name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _keep(self, over: threading.Event) -> None:
        while not over.wait(conf.LEASE_SECONDS / 4):
            try:
                if not self.holds():
                    return
            except redis.RedisError as error:
                # Whoever works inside meets the same error, or finds the lease lost.
                logger.warning("the lease %s was not renewed: %s", self._key, type(error).__name__)
