"""The features consumer: from the stream into the store, within a blink, across restarts of every part.

Where the store has no ground (first start, or Redis lost its data) one consumer rebuilds it from the table, and the
stream is followed from exactly there; the others wait. Any number of consumers share the partitions of the stream: each
writes with the positions of its own as it knows them, so that one whose partition was taken over writes nothing more.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing

import redis
from django.db import Error as DatabaseError
from django.db import close_old_connections

from apps.recommend import conf
from apps.recommend.features.behind import Behind
from apps.recommend.features.held import Held, PositionMoved
from apps.recommend.features.lease import Lease
from apps.recommend.features.rebuild import is_finished, rebuild
from apps.recommend.features.store import FeatureStore
from apps.tracking import api as tracking
from apps.tracking.contracts import PositionLost, StreamBatch
from specrec.kernel import clock
from specrec.kernel.errors import Unavailable

logger = logging.getLogger(__name__)

GROUP = "features"
_PART_AWAY = (redis.RedisError, DatabaseError, OSError, Unavailable)


def run(store: FeatureStore, lease: Lease, *, stop: Callable[[], bool]) -> None:
    """Follow the stream until `stop`; whatever part goes away is waited for, with growing pauses."""
    failures = 0
    while not stop():
        try:
            ground = _stand(store, lease, stop=stop)
            if ground is None:
                _pause(conf.RETRY_SECONDS[0], stop)
                continue
            for _ in follow_once(store, ground=ground, stop=stop):
                failures = 0
        except PositionMoved:
            logger.warning("features: ground or positions moved under this consumer; starting from what is stored")
        except _PART_AWAY as error:
            pause = conf.RETRY_SECONDS[min(failures, len(conf.RETRY_SECONDS) - 1)]
            failures += 1
            logger.warning("features consumer: %s (%s); trying again in %.1f s", type(error).__name__, error, pause)
            close_old_connections()
            _pause(pause, stop)
    _leave(lease)


def follow_once(store: FeatureStore, *, ground: str, stop: Callable[[], bool]) -> Iterator[Mapping[str, str]]:
    """Apply the stream from the stored positions on, and yield positions; those of a full batch may not be stored yet.

    Ends when told to, and when the store stands on another ground. Raises PositionMoved.
    """
    follower = _Follower(store, ground)
    batches = tracking.follow(
        group=GROUP,
        find_positions=follower.find_positions,
        limit=conf.FOLLOW_LIMIT,
        wait=conf.FOLLOW_WAIT_SECONDS,
        stop=lambda: follower.is_over(stop),
    )
    try:
        with follower, closing(batches):  # type: ignore[type-var]  # a generator, promised as an iterator only
            for batch in batches:
                follower.apply(batch)
                yield batch.positions
    except PositionLost as error:
        logger.warning("features: %s Rebuilding.", error)
        store.move(ground=ground, to=None, positions={})


class _Follower:
    """One consumer between two openings of the stream."""

    def __init__(self, store: FeatureStore, ground: str) -> None:
        self._store = store
        self._ground = ground
        self._behind = Behind(store)
        # Never less than one batch: what is being written must stay in hand, as it cannot be read yet.
        self._held = Held(store, size=max(conf.STATES_HELD, conf.FOLLOW_LIMIT), settle=self._settle)
        self._positions: dict[str, str | None] = {}
        self._unreported: dict[str, str] = {}
        self._looked_at = time.monotonic()

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """See the last write ended."""
        self._behind.close()

    def find_positions(self, partitions: Sequence[str]) -> dict[str, str]:
        """Return where to go on in partitions that are assigned anew: what was held in them may be old."""
        self._settle()
        self._held.forget()
        found = self._store.positions(partitions)
        for partition in partitions:
            self._positions[partition] = found.get(partition)
            self._unreported.pop(partition, None)
        self._unreported.update(found)  # what a rebuild brought was never told
        return found

    def apply(self, batch: StreamBatch) -> None:
        """Put the batch into the store, a full one while the next is applied already; raises PositionMoved."""
        changes = self._held.apply(batch.events, now=clock.now().timestamp())
        stored = self._behind.write(
            changes,
            ground=self._ground,
            expected={partition: self._positions.get(partition) for partition in batch.positions},
            positions=batch.positions,
        )
        self._held.give_up_oldest()
        self._positions.update(batch.positions)
        self._unreported.update(stored)
        if len(batch.events) < conf.FOLLOW_LIMIT // 2:
            self._settle()

    def _settle(self) -> None:
        self._unreported.update(self._behind.settle())

    def is_over(self, stop: Callable[[], bool]) -> bool:
        """Return whether to end: told to, or the store stands on another ground; asked also while nothing comes.

        About once a second, and last before the end, the stream is told how far we are.
        """
        if stop():
            self.report()
            return True
        if time.monotonic() - self._looked_at < conf.ACKNOWLEDGE_SECONDS:
            return False
        self.report()
        self._looked_at = time.monotonic()
        return self._store.ground() != self._ground

    def report(self) -> None:
        """Tell the stream how far the store is, so that it may be trimmed."""
        self._settle()
        if self._unreported:
            tracking.acknowledge(group=GROUP, positions=self._unreported)
            self._unreported = {}


def _stand(store: FeatureStore, lease: Lease, *, stop: Callable[[], bool]) -> str | None:
    """Return the ground to go on from, rebuilding it where there is none; None while another consumer does that."""
    ground = store.ground()
    if is_finished(ground):
        return ground
    if not lease.holds():
        return None
    with lease.kept():
        found = rebuild(store, now=clock.now(), over=lambda: stop() or not lease.holds())
    lease.leave()
    return found


def _pause(seconds: float, stop: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not stop():
        time.sleep(0.05)


def _leave(lease: Lease) -> None:
    try:
        lease.leave()
    except redis.RedisError as error:
        logger.warning("the lease of the features consumer could not be given back: %s", type(error).__name__)
