"""An event on its way in, and what holds for all events of one call."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec

from apps.profiles.contracts import Caller
from apps.tracking.contracts import DropReason, Envelope, EventInput, Rules
from apps.tracking.steps import referrers

MAX_AHEAD = timedelta(minutes=5)
MIN_SKEW = timedelta(seconds=5)
MAX_SKEW = timedelta(hours=24)
DAWN = datetime(1971, 1, 1, tzinfo=UTC)  # what is older is a broken clock, also in an import


@dataclass(slots=True)
class Draft:
    """An event on its way in. `reason` or `duplicate` ends the way; what follows `raw` is put by steps."""

    index: int
    raw: msgspec.Raw
    event: EventInput = None  # type: ignore[assignment]  # put by the first step, or the draft is dropped there
    time: datetime = DAWN
    day: date = date.min
    unit_price: Decimal | None = None
    device: str | None = None
    referrer: str | None = None
    event_id: UUID | None = None
    duplicate: bool = False
    reason: DropReason | None = None
    field: str | None = None
    message: str | None = None

    def drop(self, reason: DropReason, at: str | None, message: str) -> None:
        """End the way of this event."""
        self.reason, self.field, self.message = reason, at, message


@dataclass(slots=True)
class Batch:
    """What holds for all events of one call. `seen` is filled as events pass.

    `latest` and `oldest`: between them lies, by the client's clock, what is taken; `correction`: what that clock is
    off, None where it is right or nobody knows. `user_agent`: of the browser or app that calls, None for a server.
    """

    received_at: datetime
    is_server: bool
    latest: datetime
    oldest: datetime
    correction: timedelta | None
    drop_bots: bool
    user_agent: str | None
    own_hosts: frozenset[str]
    seen: set[tuple[UUID, date]] = field(default_factory=set)


Step = Callable[[Draft, Batch], None]


def make_batch(*, caller: Caller, envelope: Envelope, rules: Rules, received_at: datetime) -> Batch:
    """Return what holds for the events of this envelope."""
    is_server = caller.kind == "secret"
    correction = _correction(envelope.sent_at, received_at)
    shift = correction or timedelta()
    origin = referrers.host_of(envelope.origin or "")
    return Batch(
        received_at=received_at,
        is_server=is_server,
        latest=received_at + MAX_AHEAD - shift,
        oldest=received_at - rules.retention - shift,
        correction=correction,
        drop_bots=rules.drop_bots,
        user_agent=None if is_server else envelope.user_agent,
        own_hosts=rules.own_hosts | {origin} if origin else rules.own_hosts,
    )


def _correction(sent_at: datetime | None, received_at: datetime) -> timedelta | None:
    """Return what is to be added to the client's times; beyond a day nobody knows what else is wrong there."""
    if sent_at is None:
        return None
    skew = received_at - sent_at
    return skew if MIN_SKEW < abs(skew) <= MAX_SKEW else None
