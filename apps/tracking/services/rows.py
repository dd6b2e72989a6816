"""What records of the stream are as rows of their tables, and which of them cannot be rows at all."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import msgspec
from psycopg import sql

from apps.tracking.contracts import Exposure, TrackedEvent
from apps.tracking.models import DeadLetter
from apps.tracking.stream import records
from apps.tracking.stream.base import Record

_INTEGERS = range(-(2**31), 2**31)
# With their types: a binary copy names them, and sends an integer that does not fit as another one.
_EVENT = {
    "site_id": "varchar",
    "event_id": "uuid",
    "day": "date",
    "type": "varchar",
    "time": "timestamptz",
    "received_at": "timestamptz",
    "shopper_id": "uuid",
    "session_id": "varchar",
    "item_id": "varchar",
    "sku": "varchar",
    "quantity": "int4",
    "unit_price": "numeric",
    "currency": "varchar",
    "order_id": "varchar",
    "query": "varchar",
    "rating": "float8",
    "placement": "varchar",
    "position": "int4",
    "recommendation_id": "uuid",
    "channel": "varchar",
    "store_id": "varchar",
    "historical": "bool",
    "replay": "bool",
    "device": "varchar",
    "referrer": "varchar",
    "campaign": "varchar",
}
_EXPOSURE = {
    "site_id": "varchar",
    "recommendation_id": "uuid",
    "day": "date",
    "time": "timestamptz",
    "placement": "varchar",
    "shopper_id": "uuid",
    "item_ids": "varchar[]",
    "strategy": "varchar",
    "fallback": "varchar",
    "model": "varchar",
    "channel": "varchar",
    "store_id": "varchar",
    "experiments": "varchar[]",
    "propensities": "float8[]",
}
DAY = 2  # the place of `day` in both


@dataclass(frozen=True, slots=True)
class Target:
    """A table that records of one kind go to."""

    table: str
    types: dict[str, str]

    def statement(self, text: str) -> sql.Composed:
        """Return the statement for this table, its columns and the session's staging table for it."""
        return sql.SQL(text).format(
            table=sql.Identifier(self.table),
            stage=sql.Identifier(f"{self.table}_stage"),
            columns=sql.SQL(", ").join(map(sql.Identifier, self.types)),
        )


TARGETS = {
    records.EVENT: Target("tracking_event", _EVENT),
    records.EXPOSURE: Target("tracking_exposure", _EXPOSURE),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A record and what it is in the table."""

    record: Record
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Dead:
    """A record that cannot be written, and why."""

    record: Record
    cause: DeadLetter.Cause
    reason: str


@dataclass(frozen=True, slots=True)
class Sorted:
    """Records by the table that they go to, and those that go to none."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {kind: [] for kind in TARGETS})
    dead: list[Dead] = field(default_factory=list)


def sort(found: Iterable[Record]) -> Sorted:
    """Read the records and put each where it goes, in order."""
    result = Sorted()
    for record in found:
        try:
            value = records.read(record)
            values = _values(value)
        except records.UnreadableRecord as error:
            result.dead.append(Dead(record, DeadLetter.Cause.UNREADABLE, f"unreadable: {error}"))
        except (OverflowError, ValueError) as error:
            result.dead.append(Dead(record, DeadLetter.Cause.REFUSED, str(error)))
        else:
            kind = records.EVENT if isinstance(value, TrackedEvent) else records.EXPOSURE
            result.rows[kind].append(Row(record, values))
    return result


def _values(value: TrackedEvent | Exposure) -> tuple[Any, ...]:
    if isinstance(value, TrackedEvent):
        if value.quantity not in _INTEGERS or (value.position or 0) not in _INTEGERS:
            raise OverflowError("integer out of range (column quantity or position)")
        # The table would take years before 1 and after 9999, and nobody could read them again. These raise.
        value.time.astimezone(UTC)
        value.received_at.astimezone(UTC)
        return msgspec.structs.astuple(value)
    return (
        value.site_id,
        value.recommendation_id,
        value.time.astimezone(UTC).date(),
        value.time,
        value.placement,
        value.shopper_id,
        value.item_ids,
        value.strategy,
        value.fallback,
        value.model,
        value.channel,
        value.store_id,
        value.experiments or None,
        value.propensities,
    )
