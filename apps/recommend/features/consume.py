"""The features consumer: from the stream into the states, within a second, across restarts of every part.

Where Redis has no position (first start, or it lost its data) the states are rebuilt from the table and the stream is
followed from its earliest kept record. The two overlap, and may: a touch counts once however often it comes.
A rebuild has a position of its own, which every slice of it compares: whoever takes it over, or empties Redis below it,
ends it. What a rebuild left half done is rebuilt from the beginning, over the states that it left.
"""

import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import redis
from django.db import Error as DatabaseError
from django.db import close_old_connections

from apps.recommend import conf
from apps.recommend.features.extract import apply_touches, touches_of
from apps.recommend.features.lease import Lease
from apps.recommend.features.store import FeatureStore
from apps.tracking import api as tracking
from apps.tracking.contracts import PositionLost, TrackedEvent
from specrec.kernel import clock
from specrec.kernel.crypto import new_secret
from specrec.kernel.errors import Unavailable

logger = logging.getLogger(__name__)

GROUP = "features"
# What a position is called before the stream has given one: the table is in the states.
REBUILT = "rebuilt"
# What a position begins with while the table is being put into the states; what follows names the rebuild.
REBUILDING = "rebuilding:"
_PART_AWAY = (redis.RedisError, DatabaseError, OSError, Unavailable)


class PositionMoved(RuntimeError):
    """Somebody else wrote, or Redis lost its data: what we hold is no longer what is stored."""


def run(store: FeatureStore, lease: Lease, *, stop: Callable[[], bool]) -> None:
    """Follow the stream until `stop`; whatever part goes away is waited for, with growing pauses."""
    failures = 0
    while not stop():
        try:
            if not lease.holds():
                _pause(conf.RETRY_SECONDS[0], stop)
                continue
            for _ in follow_once(store, lease, stop=stop):
                failures = 0
        except PositionMoved:
            logger.warning("the stored position moved under this consumer; starting from what is stored")
        except _PART_AWAY as error:
            pause = conf.RETRY_SECONDS[min(failures, len(conf.RETRY_SECONDS) - 1)]
            failures += 1
            logger.warning("features consumer: %s (%s); trying again in %.1f s", type(error).__name__, error, pause)
            close_old_connections()
            _pause(pause, stop)
    _leave(lease)


def follow_once(store: FeatureStore, lease: Lease, *, stop: Callable[[], bool]) -> Iterable[str]:
    """Apply the stream from the stored position on and yield each position once it is stored."""
    position = store.position()
    if position is None or position.startswith(REBUILDING):
        with lease.kept():
            position = rebuild(store, now=clock.now, found=position, over=lambda: stop() or not lease.holds())
    if position is None:
        return
    progress = _Progress(position)

    def over() -> bool:
        # Asked between two reads, also while nothing comes: the place to renew the lease and to report progress.
        progress.report_when_due()
        return stop() or not lease.holds()

    batches = tracking.follow(
        group=GROUP,
        find_positions=lambda partitions: dict.fromkeys(partitions, position) if position != REBUILT else {},
        limit=conf.FOLLOW_LIMIT,
        wait=conf.FOLLOW_WAIT_SECONDS,
        stop=over,
    )
    try:
        for batch in batches:
            (after,) = batch.positions.values()
            apply_events(store, batch.events, expected=position, position=after)
            progress.position = position = after
            yield position
    except PositionLost as error:
        logger.warning("features: %s Rebuilding.", error)
        store.write({}, expected=position, position=None)
    else:
        progress.report()


class _Progress:
    """Tells the log about once a second how far the states are, so that it may be trimmed."""

    def __init__(self, position: str) -> None:
        self.position = position
        self._reported = REBUILT
        self._reported_at = 0.0

    def report_when_due(self) -> None:
        if time.monotonic() - self._reported_at >= conf.ACKNOWLEDGE_SECONDS:
            self.report()

    def report(self) -> None:
        if self.position not in {self._reported, REBUILT}:
            tracking.acknowledge(group=GROUP, positions={"0": self.position})
            self._reported, self._reported_at = self.position, time.monotonic()


def apply_events(
    store: FeatureStore, events: Iterable[TrackedEvent], *, expected: str | None, position: str | None
) -> None:
    """Put the events into the states and move the position, together; raises PositionMoved."""
    touched = touches_of(events)
    states = store.read(list(touched))
    changed = {
        key: apply_touches(state, touches) for (key, touches), state in zip(touched.items(), states, strict=True)
    }
    if not store.write(changed, expected=expected, position=position):
        raise PositionMoved


def rebuild(
    store: FeatureStore, *, now: Callable[[], datetime], found: str | None, over: Callable[[], bool]
) -> str | None:
    """Put all kept history of the table into the states and return the position from which to go on.

    found: the position that was stored, None or that of a rebuild that did not end
    over: asked before each slice; when it says so the rebuild is given up and None returned. Raises PositionMoved.
    """
    logger.info("features: no position stored, rebuilding from the table")
    mine = f"{REBUILDING}{new_secret(16)}"
    apply_events(store, (), expected=found, position=mine)
    count = 0
    for events in tracking.iter_history(since=now() - timedelta(days=conf.STATE_FOR.days)):
        if over():
            logger.warning("features: rebuild given up after %d events", count)
            return None
        apply_events(store, events, expected=mine, position=mine)
        count += len(events)
    apply_events(store, (), expected=mine, position=REBUILT)
    logger.info("features: rebuilt from %d events", count)
    return REBUILT


def _pause(seconds: float, stop: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not stop():
        time.sleep(0.05)


def _leave(lease: Lease) -> None:
    try:
        lease.leave()
    except redis.RedisError as error:
        logger.warning("the lease of the features consumer could not be given back: %s", type(error).__name__)
