"""Reading the whole history again, for what is derived from it: the events, and how far the stream is in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from apps.tracking.contracts import History, TrackedEvent
from apps.tracking.models import StreamPosition
from apps.tracking.selectors.clocks import days_between

# Events in one slice: some megabytes, in the server's cursor as here.
_STEP = 5_000
# Known to the stream as the consumer that writes the table; named here because selectors lie below it.
_GROUP = "table"
# Nothing of others is held up by it: a reading transaction has no number that the readers of the log would wait for.
_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WHERE = "FROM tracking_event WHERE day >= %s AND time >= %s AND NOT replay"
_COUNT = f"SELECT count(*) {_WHERE}"
_READ = f"SELECT {', '.join(TrackedEvent.__struct_fields__)} {_WHERE} ORDER BY time, event_id"


@contextmanager
def read_history(*, since: datetime) -> Iterator[History]:
    """Yield the events from `since` on, and the positions of the table consumer, as of one moment.

    Must not be called within a transaction; whoever asks the database within the block sees that moment too.
    """
    window = _window(since)
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(_SNAPSHOT)
            cursor.execute(_COUNT, window)
            total = cursor.fetchone()[0]
        rows = StreamPosition.objects.filter(group=_GROUP).exclude(position="")
        positions = dict(rows.values_list("partition", "position"))
        with connection.chunked_cursor() as cursor:
            cursor.execute(_READ, window)
            yield History(positions=positions, total=total, batches=_batches(cursor))


def _window(since: datetime) -> list[Any]:
    return [days_between(since, since)[0], since]


def _batches(cursor: Any) -> Iterator[list[TrackedEvent]]:
    while rows := cursor.fetchmany(_STEP):
        yield [TrackedEvent(*row) for row in rows]
