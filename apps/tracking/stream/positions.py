"""How far each group has come: rows in Postgres, whatever the twin, written with what the group made of the records.

The table consumer writes its rows in the transaction that writes the events. So one snapshot of both says exactly which
part of the stream is in the table.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError, connection, transaction

from apps.tracking.models import StreamPosition
from apps.tracking.stream.base import ONLY
from specrec.kernel import clock
from specrec.kernel.errors import Unavailable


def register(*, group: str) -> None:
    """Make the group known, with nothing acknowledged, unless it is already. Raises Unavailable."""
    with availability():
        _make_rows(group, {ONLY: ""})


def save(*, group: str, positions: Mapping[str, str], gives_way: Callable[[str, str, str], bool]) -> None:
    """Write the positions of the group by partition, in the caller's transaction. Raises Unavailable.

    gives_way: asked with partition, stored position (empty when there is none) and new one, says whether that is saved
    """
    with availability(), transaction.atomic():
        stored = _lock_rows(group, positions)
        if missing := {name: text for name, text in positions.items() if name not in stored}:
            _make_rows(group, missing)  # another may have made them meanwhile, so that they are compared all the same
            stored |= _lock_rows(group, missing)
        moved = []
        for partition, row in stored.items():
            if gives_way(partition, row.position, positions[partition]):
                row.position, row.updated_at = positions[partition], clock.now()
                moved.append(row)
        StreamPosition.objects.bulk_update(moved, ["position", "updated_at"])


def forget(*, group: str, positions: Collection[str]) -> None:
    """Begin anew wherever the group stands at one of these, which are no positions any more. Raises Unavailable."""
    with availability():
        rows = StreamPosition.objects.filter(group=group, position__in=positions)
        rows.update(position="", updated_at=clock.now())


def find(*, group: str) -> dict[str, str]:
    """Return by partition what the group acknowledged last. Raises Unavailable."""
    return list_all().get(group, {})


def list_all() -> dict[str, dict[str, str]]:
    """Return by known group and partition what was acknowledged last. Raises Unavailable."""
    found: dict[str, dict[str, str]] = {}
    with availability():
        for row in StreamPosition.objects.all():
            partitions = found.setdefault(row.group, {})
            if row.position:
                partitions[row.partition] = row.position
    return found


def _lock_rows(group: str, partitions: Mapping[str, str]) -> dict[str, StreamPosition]:
    rows = StreamPosition.objects.select_for_update().filter(group=group, partition__in=partitions)
    return {row.partition: row for row in rows.order_by("partition")}  # one order, so that two never wait crosswise


def _make_rows(group: str, positions: Mapping[str, str]) -> None:
    now = clock.now()
    rows = [
        StreamPosition(group=group, partition=partition, position="", updated_at=now) for partition in sorted(positions)
    ]
    StreamPosition.objects.bulk_create(rows, ignore_conflicts=True)


@contextmanager
def availability() -> Iterator[None]:
    """Turn a database that does not answer into Unavailable."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        if not connection.in_atomic_block and not connection.is_usable():
            connection.close()  # so that the next attempt connects anew
        message = "The event stream does not answer. Send the same events again in a moment."
        raise Unavailable(message, code="stream_unavailable") from error
