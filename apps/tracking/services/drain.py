"""The "table" consumer: processes share the partitions or stand by; it outlives restarts of the database."""

import logging
import time
from collections.abc import Callable, Sequence

from django.db import DatabaseError, InterfaceError, connection

from apps.tracking.contracts import PositionLost
from apps.tracking.services.table import TableWriter
from apps.tracking.stream import positions
from apps.tracking.stream.base import TABLE_GROUP
from apps.tracking.stream.choice import get_stream
from specrec.kernel import clock
from specrec.kernel.errors import Unavailable

logger = logging.getLogger(__name__)

CHUNK = 2_000
_WAIT = 1.0
# A table may lag by this much: small chunks are let grow, which saves commits and leaves the processor to others.
_LINGER = 0.15
_FEW = 500
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)


def drain(*, stop: Callable[[], bool]) -> None:
    """Write the stream to the tables until `stop`; stands by while others have all its partitions."""
    failures = 0
    while not stop():
        try:
            _follow(stop)
            failures = 0
        except (Unavailable, DatabaseError, InterfaceError) as error:
            logger.warning("the table consumer lost its database or its stream, trying again: %s", error)
            connection.close()
            _sleep(_PAUSES[min(failures, len(_PAUSES) - 1)], stop)
            failures += 1


def _follow(stop: Callable[[], bool]) -> None:
    """Write what comes, going on from the stored positions; those that prove lost are forgotten."""
    stream = get_stream()
    writer = TableWriter(stream=stream, group=TABLE_GROUP, now_fn=clock.now)

    def find_positions(_: Sequence[str]) -> dict[str, str]:
        return stream.find_positions(group=TABLE_GROUP)

    reader = stream.open(group=TABLE_GROUP, find_positions=find_positions)
    try:
        while not stop():
            chunk = reader.read(limit=CHUNK, wait=_WAIT)
            if chunk is None:
                continue
            writer.write(chunk)
            if len(chunk.records) < _FEW:
                _sleep(_LINGER, stop)
    except PositionLost as error:
        logger.error("%s The table consumer begins again with the earliest kept record.", error)  # noqa: TRY400 - no defect of ours
        stored = stream.find_positions(group=TABLE_GROUP).values()
        # From the rows too: what is built anew from the table would go on from there, be lost, and be built anew.
        positions.forget(group=TABLE_GROUP, positions=[error.position] if error.position in stored else list(stored))
    finally:
        reader.close()


def _sleep(seconds: float, stop: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not stop() and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.05))
