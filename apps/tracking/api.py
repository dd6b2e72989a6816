"""The face of tracking: taking events in, following the stream, reading the history.

Functions only, plain data in and out. Rules belong to `steps`, writes to `services`, reads to `selectors`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime

import msgspec

from apps.profiles import api as profiles
from apps.profiles.contracts import Caller
from apps.tracking import ingest as intake
from apps.tracking.contracts import Envelope, Exposure, History, IngestResult, Interactions, StreamBatch, TrackedEvent
from apps.tracking.selectors import history, interactions, item_days
from apps.tracking.services import drain as table
from apps.tracking.services import envelope as wrapping
from apps.tracking.services import follow as stream
from apps.tracking.services import partitions, retention

SCOPE = "events:write"


def decode_envelope(*, body: bytes) -> list[msgspec.Raw]:
    """Return the undecoded events of `{"events": [...]}`, or the one event of the body. Raises Invalid, TooLarge."""
    return wrapping.decode_envelope(body=body)


def inflate(*, body: bytes, encoding: str) -> bytes:
    """Return the body without its `Content-Encoding`, bounded. Raises Invalid, TooLarge."""
    return wrapping.inflate(body=body, encoding=encoding)


def ingest(*, caller: Caller, envelope: Envelope, received_at: datetime) -> IngestResult:
    """Check the events and append the good ones to the stream, where they are durable when this returns.

    Raises Invalid for no events, TooLarge for over 1,000, Unavailable when they could not be written: then none is.
    Must not be called within a transaction, because a promise cannot be rolled back.
    """
    return intake.ingest(caller=caller, envelope=envelope, received_at=received_at)


def ingest_beacon(*, body: bytes, origin: str | None, received_at: datetime) -> IngestResult:
    """Take in a beacon, which carries its key in the body. Raises what `ingest` and the check of the key raise."""
    beacon = wrapping.decode_beacon(body=body)
    caller = profiles.authenticate(presented=beacon.key, origin=origin)
    profiles.require_scope(caller=caller, scope=SCOPE)
    profiles.check_rate(caller=caller)
    return ingest(caller=caller, envelope=Envelope(events=beacon.events), received_at=received_at)


def record_exposures(*, exposures: Sequence[Exposure]) -> None:
    """Append slates as they were served to the stream. Raises Unavailable; the caller counts what is lost."""
    stream.record_exposures(exposures=exposures)


def follow(
    *,
    group: str,
    find_positions: Callable[[Sequence[str]], Mapping[str, str]],
    limit: int,
    wait: float,
    stop: Callable[[], bool],
) -> Iterator[StreamBatch]:
    """Yield what comes after the positions that `find_positions` names until `stop`, which is asked every `wait` s.

    `find_positions` is asked with partitions whenever they are assigned to this reader; one that it does not name
    begins at the earliest kept record. Between two batches may be raised: Unavailable when the stream does not answer
    (follow again then); PositionLost where there is no such position in this stream: build anew what it stood for, then
    follow from the earliest record.
    """
    return stream.follow(group=group, find_positions=find_positions, limit=limit, wait=wait, stop=stop)


def acknowledge(*, group: str, positions: Mapping[str, str]) -> None:
    """Note that the group will not ask for anything up to these positions again, so that the log may be trimmed."""
    stream.acknowledge(group=group, positions=positions)


def drain(*, stop: Callable[[], bool]) -> None:
    """Write the stream to the tables until `stop`; stands by while another process does it."""
    table.drain(stop=stop)


def load_interactions(
    *,
    site_id: str,
    since: datetime | None,
    until: datetime | None,
    types: Sequence[str],
    poor_rating: float | None = None,
) -> Interactions:
    """Return the item events of the site with `since <= time < until` as columns, ordered by time and event id.

    Events of type "rate" with a rating up to `poor_rating` are left out.
    """
    return interactions.load_interactions(
        site_id=site_id, since=since, until=until, types=types, poor_rating=poor_rating
    )


def iter_history(*, since: datetime) -> Iterator[list[TrackedEvent]]:
    """Yield all events of all sites from `since` on, ordered by time and event id, in slices."""
    return history.iter_history(since=since)


def read_history(*, since: datetime) -> AbstractContextManager[History]:
    """Return all events of all sites from `since` on, ordered by time and event id, without those that were replayed,
    and the positions of the table consumer, as of one moment: following from them goes on exactly where they end.

    Must not be called within a transaction; whoever asks the database within the block sees that moment too.
    """
    return history.read_history(since=since)


def sum_item_days(
    *, site_id: str, since: date, until: date, types: Sequence[str]
) -> Iterator[tuple[str, str, date, int]]:
    """Yield event type, item, day and number of events from the daily counts, `since` and `until` both included."""
    return item_days.sum_item_days(site_id=site_id, since=since, until=until, types=types)


def trim_log(*, now: datetime) -> int:
    """Remove from the log what every group has acknowledged and is older than an hour; return how many records."""
    return stream.trim_log(now=now)


def make_partitions(*, now: datetime) -> None:
    """Make the partitions of the coming months and drop those that no site keeps any more."""
    partitions.make_partitions(now=now)
    days = {site.site_id: site.event_retention_days for site in profiles.list_sites()}
    retention.drop_partitions(retention=days, now=now)


def status() -> dict[str, int]:
    """Return by consumer group how many records it has not acknowledged."""
    return stream.status()
