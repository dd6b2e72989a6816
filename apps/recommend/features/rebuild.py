"""Building the features anew from the table, so that the stream can be followed from exactly where the table ends.

A rebuild has a ground of its own, which every slice of it compares: whoever takes it over, or empties Redis below it,
ends it. Slices are numbered by a position of their own, so that one that is sent again is not counted twice. What a
rebuild left half done is built anew from nothing.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from apps.recommend import conf
from apps.recommend.features.held import Held, PositionMoved
from apps.recommend.features.store import FeatureStore
from apps.tracking import api as tracking
from specrec.kernel.crypto import new_secret

logger = logging.getLogger(__name__)

# What a ground begins with while the table is being put into the states; what follows names the rebuild.
REBUILDING = "rebuilding:"
_REBUILT = "rebuilt:"
_SLICE = "rebuild"  # stands where partitions have their positions
# Asked with how many events were added and how many there are.
Progress = Callable[[int, int], object]


def is_finished(ground: str | None) -> bool:
    """Return whether states on this ground can be gone on from."""
    return ground is not None and not ground.startswith(REBUILDING)


def rebuild(
    store: FeatureStore, *, now: datetime, over: Callable[[], bool], progress: Progress = lambda _added, _total: None
) -> str | None:
    """Forget all states and counts, build them from the kept history, and return the ground that they stand on.

    While it runs shoppers have no stored history; whoever follows the stream into this store notices, and waits.
    over: asked before each slice; when it says so the rebuild is given up and None returned. Raises PositionMoved.
    """
    token = new_secret(16)
    mine = f"{REBUILDING}{token}"
    if not store.clear(ground=mine):
        raise PositionMoved
    with tracking.read_history(since=now - conf.STATE_FOR) as history:
        logger.info("features: rebuilding from %d events of the table", history.total)
        held = Held(store, size=conf.STATES_HELD_IN_REBUILD)
        before: str | None = None
        for number, events in enumerate(history.batches):
            if over():
                logger.warning("features: rebuild given up at slice %d", number)
                return None
            after = str(number)
            held.write(events, now=now.timestamp(), ground=mine, expected={_SLICE: before}, positions={_SLICE: after})
            before = after
            progress(len(events), history.total)
        positions = history.positions
    if not store.move(ground=mine, to=f"{_REBUILT}{token}", positions=positions):
        raise PositionMoved
    logger.info("features: rebuilt")
    return f"{_REBUILT}{token}"
