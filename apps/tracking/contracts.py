"""What happened: plain data that crosses the face of tracking, and the wire format of `/v1/events`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, get_args
from uuid import UUID

import msgspec
import numpy as np

from specrec.kernel import wire
from specrec.kernel.errors import Conflict

EventType = Literal[
    "view",
    "impression",
    "click",
    "add_to_cart",
    "remove_from_cart",
    "purchase",
    "return",
    "wishlist",
    "search",
    "rate",
    "dismiss",
]
EVENT_TYPES: tuple[str, ...] = get_args(EventType)
Channel = Literal["web", "mobile", "store", "email"]
SentAt = Annotated[datetime, msgspec.Meta(tz=True)]  # a client's clock as it sends
MAX_EVENTS = 1_000
MAX_BYTES = 1_048_576
MAX_BULK_BYTES = 64 * 1_048_576
MAX_PROBLEMS = 100


class PositionLost(Conflict):
    """The position is not one of this stream: of another kind, newer than a stream that was restored,
    or older than what was trimmed.

    What was built up to it may hold less or more than the stream: build it anew, then follow from the earliest record.
    """

    def __init__(self, position: str) -> None:
        super().__init__(f"{position!r} is not a position of this stream.", code="position_lost", field="position")
        self.position = position


class DropReason(StrEnum):
    """Why an event was not kept: a closed list, shown in the answer and counted per site."""

    INVALID = "invalid"  # the schema is not met; `field` says where
    MISSING_FIELD = "missing_field"  # this type of event needs the field
    TOO_OLD = "too_old"
    IN_FUTURE = "in_future"
    NOT_ALLOWED = "not_allowed"  # this key may not name this shopper, or not send historical or replayed events
    INCONSISTENT = "inconsistent"  # fields contradict each other, or one is of no use without another
    BOT = "bot"  # no person: the user agent is a crawler or a monitor


Device = Literal["desktop", "mobile", "tablet", "other"]
Referrer = Literal["direct", "internal", "search", "social", "email", "other"]


class EventContext(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where it happened. `recommendation_id` and `position` (1-based) tie an event to the slate that led to it.

    `user_agent`, `referrer` (an address) and `campaign` are the shopper's, told by a server; a browser's call has the
    first by itself. Only the class of device and referrer is kept, and the campaign's name.
    """

    placement: wire.Id | None = None
    position: Annotated[int, msgspec.Meta(ge=1, le=1_000)] | None = None
    recommendation_id: UUID | None = None
    channel: Channel = "web"
    store_id: wire.Id | None = None
    user_agent: Annotated[str, msgspec.Meta(max_length=1_000)] | None = None
    referrer: Annotated[str, msgspec.Meta(max_length=2_000)] | None = None
    campaign: wire.Id | None = None


class EventInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One event as a client sends it. `id` is made by the client once, so that a retry counts once.

    `consent`: the purposes that the shopper grants at this moment, all others being withdrawn; absent says nothing.
    `historical`: any age, for imports with a secret key; features follow it at the event's own time.
    `replay`: to the table only, for what the features have followed before; with a secret key.
    `unit_price`: 0 to 1,000,000 with up to four decimals (checked by a step: the decoder knows no bounds of decimals).
    """

    id: UUID
    type: EventType
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    anonymous_id: wire.Id | None = None
    customer_id: wire.Id | None = None
    session_id: wire.Id | None = None
    item_id: wire.Id | None = None
    sku: wire.Id | None = None
    quantity: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    unit_price: Decimal | None = None
    currency: wire.Currency | None = None
    order_id: wire.Id | None = None
    query: wire.Line | None = None
    rating: Annotated[float, msgspec.Meta(ge=0, le=5)] | None = None
    context: EventContext = EventContext()
    consent: list[wire.Word] | None = None
    historical: bool = False
    replay: bool = False


class EventBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `/v1/events`. Intake decodes each event on its own, so that a bad one does not harm the others.

    `sent_at`: the client's clock as it sends; with it the times of the events are corrected by what that clock is off.
    """

    events: Annotated[list[EventInput], msgspec.Meta(min_length=1, max_length=MAX_EVENTS)]
    sent_at: SentAt | None = None


class BeaconBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `/v1/events/beacon`: the same with the key, for which a beacon has no header."""

    key: str
    events: Annotated[list[EventInput], msgspec.Meta(min_length=1, max_length=MAX_EVENTS)]
    sent_at: SentAt | None = None


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A call as it came in: its events undecoded, so that each is checked on its own, and what holds for all of them.

    `sent_at`: the client's clock as it sent. `user_agent` and `origin`: those of the HTTP request, which say something
    about a shopper where the caller holds a publishable key.
    """

    events: list[msgspec.Raw]
    sent_at: datetime | None = None
    user_agent: str | None = None
    origin: str | None = None


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What a site has set of its intake. `own_hosts`: where its keys may be used, so what is internal to it."""

    site_id: str
    time_zone: str
    retention: timedelta
    session_gap: timedelta = timedelta(minutes=30)
    split_at_midnight: bool = True
    split_at_campaign: bool = True
    drop_bots: bool = True
    own_hosts: frozenset[str] = frozenset()


class EventResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of the event at `index` of the batch. "duplicate" means that the batch held it already."""

    index: int
    status: Literal["accepted", "duplicate", "dropped"]
    id: UUID | None = None
    reason: str | None = None
    field: str | None = None
    message: str | None = None


class IngestResult(msgspec.Struct, frozen=True):
    """The answer to a batch; `results` has one entry an event, in order."""

    accepted: int
    duplicate: int
    dropped: int
    results: list[EventResult]


class BulkProblem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is wrong with the event of a line (from 1)."""

    line: int
    reason: str
    id: UUID | None = None
    field: str | None = None
    message: str | None = None


class BulkResult(msgspec.Struct, frozen=True):
    """The answer to lines of events, of which `lines` held something; `problems` are the first MAX_PROBLEMS."""

    lines: int
    accepted: int
    duplicate: int
    dropped: int
    problems: list[BulkProblem]


class InspectedEvent(msgspec.Struct, frozen=True, array_like=True):
    """What an operator may see of an event that came in: nothing of the shopper, and nothing the shopper wrote."""

    time: datetime
    type: str | None
    item_id: str | None
    placement: str | None
    channel: str | None
    device: str | None
    reason: str | None = None
    field: str | None = None
    message: str | None = None


class Inspection(msgspec.Struct, frozen=True):
    """What came into a site: events by type, drops by reason, for today and seven days, and samples, newest first.

    A name of `today` and `week` is "accepted:TYPE", "dropped:REASON" or "duplicate".
    """

    today: dict[str, int]
    week: dict[str, int]
    accepted: list[InspectedEvent]
    dropped: list[InspectedEvent]


class TrackedEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An event as it stands in the stream and the table: checked, attributed, clock-corrected.

    `shopper_id`, `session_id` and `order_id` are None where the shopper has not consented to personalisation by
    history.
    `day` is the UTC day of the client's own time: with `event_id` it makes an event unique.
    """

    site_id: str
    event_id: UUID
    day: date
    type: str
    time: datetime
    received_at: datetime
    shopper_id: UUID | None
    session_id: str | None
    item_id: str | None
    sku: str | None
    quantity: int
    unit_price: Decimal | None
    currency: str | None
    order_id: str | None
    query: str | None
    rating: float | None
    placement: str | None
    position: int | None
    recommendation_id: UUID | None
    channel: str
    store_id: str | None
    historical: bool = False
    replay: bool = False
    device: str | None = None
    referrer: str | None = None
    campaign: str | None = None


class Exposure(msgspec.Struct, frozen=True, array_like=True):
    """A slate as it was served (best effort; an impression is the client's word that it was seen).

    `experiments`: "EXPERIMENT:VARIANT" of each side; `propensities`: the chance of each place, None where fixed.
    """

    site_id: str
    recommendation_id: UUID
    time: datetime
    placement: str
    shopper_id: UUID | None
    item_ids: list[str]
    strategy: str
    fallback: str | None
    model: str | None
    channel: str
    store_id: str | None
    experiments: list[str] = []
    propensities: list[float] | None = None


class Measurements(msgspec.Struct, frozen=True):
    """Figures for monitoring; None where the part that keeps them does not answer.

    intake: (site, name, number), names as in `Inspection`; lag by consumer group; dead letters by cause; strays: rows
    without a partition of their own, by table; newest_event: when it was received, seconds since 1970.
    """

    intake: list[tuple[str, str, int]] | None
    lag: dict[str, int] | None
    dead_letters: dict[str, int] | None
    strays: dict[str, int] | None
    newest_event: float | None


class StreamBatch(msgspec.Struct, frozen=True):
    """Records, in stream order within their partitions, and by partition the position after the last of them.

    A position is opaque text: keep it with the state that it belongs to, and give it back to go on from there.
    `unreadable` records were passed over; the table consumer keeps them as dead letters.
    """

    events: list[TrackedEvent]
    exposures: list[Exposure]
    positions: dict[str, str]
    unreadable: int = 0


class StreamStatus(msgspec.Struct, frozen=True):
    """`lag`: by consumer group, how many records it has not acknowledged; "table" at 0 means that all is written.

    `strayed`: rows outside the partition of their month, counted up to a bound; to be watched where it is not 0.
    """

    lag: dict[str, int]
    strayed: int = 0


class DailyQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The parameters of `/v1/reports/daily`: the days from `since` to `until`, both included."""

    since: date
    until: date
    type: EventType | None = None
    cursor: str | None = None
    limit: int | None = None


class DailyFigures(msgspec.Struct, frozen=True):
    """What happened on a day (UTC) of a type, with an item, at a placement, in a channel, for money of a currency.

    `revenue` is the sum of quantity times unit price; returns have figures of their own, to be taken off.
    """

    day: date
    type: str
    item_id: str | None
    placement: str | None
    channel: str
    currency: str | None
    events: int
    quantity: int
    revenue: Decimal


class ReplayResult(msgspec.Struct, frozen=True):
    """What became of dead letters: written to their table, put into the stream again, or still not usable."""

    written: int
    streamed: int
    still_dead: int


@dataclass(frozen=True, slots=True)
class History:
    """The events that the table holds, as of one moment.

    positions: by partition, up to where in the stream, and no further, the table holds its events
    total: the number of events in `batches`
    batches: the events in slices, ordered by time and event id; to be gone through once
    """

    positions: dict[str, str]
    total: int
    batches: Iterator[list[TrackedEvent]]


@dataclass(frozen=True, slots=True)
class Export:
    """Events of a site to be written to a Parquet file: the days from `since` to `until` (UTC), both included.

    `with_queries`: also what shoppers typed, which is free text. `overwrite`: also where there is a file.
    """

    site_id: str
    since: date
    until: date
    path: Path
    with_queries: bool = False
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Interactions:
    """Events of a site as columns, ordered by time and mark; what training reads.

    shopper_ids: list of distinct UUIDs; shopper: int32 [n], index into it, -1 where the event has no shopper
    session: int32 [n], running number of the (shopper, session id) pair, -1 where there is none
    item_ids: list of distinct item ids; item: int32 [n], index into it
    type: int8 [n], index into EVENT_TYPES; time: float64 [n], seconds since 1970 UTC
    mark: uint64 [n], the last 8 bytes of the event id, by which events of one time are ordered
    """

    shopper_ids: list[UUID]
    shopper: np.ndarray
    session: np.ndarray
    item_ids: list[str]
    item: np.ndarray
    type: np.ndarray
    time: np.ndarray
    mark: np.ndarray
