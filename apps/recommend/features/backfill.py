"""A rebuild that somebody asks for, beside consumers that run: they stand by, and go on from where it ends."""

import time
from collections.abc import Callable
from datetime import datetime

from apps.recommend import conf
from apps.recommend.features.held import PositionMoved
from apps.recommend.features.lease import Lease
from apps.recommend.features.rebuild import Progress, rebuild
from apps.recommend.features.store import FeatureStore
from specrec.kernel.errors import Conflict


def backfill(store: FeatureStore, lease: Lease, *, now: datetime, stop: Callable[[], bool], progress: Progress) -> bool:
    """Build the store anew from the table and return True; False when it was stopped, and a consumer will do it.

    Raises Conflict while a consumer rebuilds it.
    """
    # A consumer that has stopped or died may hold the lease for as long as it lasts; one that rebuilds, for longer.
    until = time.monotonic() + 2.0 * conf.LEASE_SECONDS
    while not lease.holds():
        if time.monotonic() > until:
            raise Conflict("The features are being rebuilt already. Wait until that is done.", code="rebuild_runs")
        time.sleep(0.1)
    try:
        with lease.kept():
            return rebuild(store, now=now, over=lambda: stop() or not lease.holds(), progress=progress) is not None
    except PositionMoved as error:
        message = "Somebody else rebuilt the features or emptied their store meanwhile. Try again."
        raise Conflict(message, code="rebuild_overtaken") from error
    finally:
        lease.leave()
