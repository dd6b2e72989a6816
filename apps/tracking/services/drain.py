"""The "table" consumer: one active process, others stand by; it outlives restarts of the database."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import DatabaseError, InterfaceError, connection

from apps.tracking.contracts import PositionLost
from apps.tracking.services.table import TableWriter
from apps.tracking.stream.base import TABLE_GROUP, Reader, Stream
from apps.tracking.stream.choice import get_stream
from specrec.kernel import clock
from specrec.kernel.errors import Unavailable

logger = logging.getLogger(__name__)

CHUNK = 2_000
_LOCK = 7_320_412
_STANDBY = 0.5
_WAIT = 1.0
# A table may lag by this much: small chunks are let grow, which saves commits and leaves the processor to others.
_LINGER = 0.15
_FEW = 500
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)


def drain(*, stop: Callable[[], bool]) -> None:
    """Write the stream to the tables until `stop`; waits as standby while another process does it."""
    failures = 0
    while not stop():
        try:
            with _leadership(stop) as leading:
                if leading:
                    _follow(stop)
            failures = 0
        except (Unavailable, DatabaseError, InterfaceError) as error:
            logger.warning("the table consumer lost its database, trying again: %s", error)
            connection.close()
            _sleep(_PAUSES[min(failures, len(_PAUSES) - 1)], stop)
            failures += 1


def _follow(stop: Callable[[], bool]) -> None:
    stream = get_stream()
    writer = TableWriter(stream=stream, group=TABLE_GROUP, now_fn=clock.now)
    reader = _open(stream)
    try:
        while not stop():
            chunk = reader.read(limit=CHUNK, wait=_WAIT)
            if chunk is None:
                continue
            writer.write(chunk)
            if len(chunk.records) < _FEW:
                _sleep(_LINGER, stop)
    finally:
        reader.close()


def _open(stream: Stream) -> Reader:
    """Return a reader at the stored position, or where that is lost at the earliest record: writing is idempotent."""
    try:
        return stream.open(group=TABLE_GROUP, position=stream.find_position(group=TABLE_GROUP))
    except PositionLost as error:
        logger.error("%s The table consumer begins again with the earliest kept record.", error)  # noqa: TRY400 - no defect of ours
        return stream.open(group=TABLE_GROUP, position=None)


@contextmanager
def _leadership(stop: Callable[[], bool]) -> Iterator[bool]:
    """Yield True once this session holds the lock of the group; a dead leader's ends with its session."""
    while not _call("pg_try_advisory_lock"):
        if stop():
            yield False
            return
        _sleep(_STANDBY, stop)
    yield True
    _call("pg_advisory_unlock")


def _call(function: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])


def _sleep(seconds: float, stop: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not stop() and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.05))
