"""The face of tracking: taking events in, following the stream, reading the history.

Functions only, plain data in and out. Rules belong to `steps`, writes to `services`, reads to `selectors`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from apps.profiles import api as profiles
from apps.profiles.contracts import Caller
from apps.tracking import ingest as intake
from apps.tracking.contracts import (
    MAX_BYTES,
    BulkResult,
    DailyFigures,
    Envelope,
    EventResult,
    Export,
    Exposure,
    History,
    IngestResult,
    Inspection,
    Interactions,
    Measurements,
    ReplayResult,
    Rules,
    StreamBatch,
)
from apps.tracking.selectors import (
    daily,
    history,
    interactions,
    item_days,
    outcomes,
    periods,
    purchases,
    strays,
    trials,
)
from apps.tracking.services import bulk, counting, inspector, letters, measuring, partitions, pixel, retention
from apps.tracking.services import daily as counts
from apps.tracking.services import drain as table
from apps.tracking.services import envelope as wrapping
from apps.tracking.services import export as exporting
from apps.tracking.services import follow as stream
from apps.tracking.services import replay as replaying
from apps.tracking.services import rules as site_rules
from apps.tracking.steps import agents
from apps.tracking.stream import kafka_topics
from specrec.kernel.errors import Denied
from specrec.kernel.paging import Page

SCOPE = "events:write"
StoreColumns = tuple[Interactions, list[str], np.ndarray]


def warm_up() -> None:
    """Load what telling people from bots needs, beside whatever else this process does."""
    agents.warm_up()


def decode_envelope(*, body: bytes, user_agent: str | None = None, origin: str | None = None) -> Envelope:
    """Return the undecoded events of `{"events": [...]}`, or the one event of the body. Raises Invalid, TooLarge."""
    return wrapping.decode_envelope(body=body, user_agent=user_agent, origin=origin)


def inflate(*, body: bytes, encoding: str, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the body without its `Content-Encoding`, bounded. Raises Invalid, TooLarge."""
    return wrapping.inflate(body=body, encoding=encoding, max_bytes=max_bytes)


def get_rules(*, site_id: str) -> Rules:
    """Return what the site has set of its intake, some seconds old at most. Raises NotFound, Unavailable."""
    return site_rules.get_rules(site_id=site_id)


def ingest(*, caller: Caller, envelope: Envelope, received_at: datetime) -> IngestResult:
    """Check the events and append the good ones to the stream, where they are durable when this returns.

    Raises Invalid for no events, TooLarge for over 1,000, Unavailable when they could not be written: then none is.
    Must not be called within a transaction, because a promise cannot be rolled back.
    """
    rules = site_rules.get_rules(site_id=caller.site_id)
    taken = intake.ingest(caller=caller, envelope=envelope, rules=rules, received_at=received_at)
    counting.count(site_id=caller.site_id, drafts=taken.drafts, now=received_at)
    return taken.result


def ingest_beacon(
    *, body: bytes, origin: str | None, received_at: datetime, user_agent: str | None = None
) -> IngestResult:
    """Take in a beacon, which carries its key in the body. Raises what `ingest` and the check of the key raise."""
    beacon = wrapping.decode_beacon(body=body)
    caller = _open_door(beacon.key, origin)
    envelope = Envelope(events=beacon.events, sent_at=beacon.sent_at, user_agent=user_agent, origin=origin)
    return ingest(caller=caller, envelope=envelope, received_at=received_at)


def ingest_pixel(
    *, parameters: Mapping[str, str], page: str | None, received_at: datetime, user_agent: str | None = None
) -> EventResult:
    """Take in the one event of a picture on this page. Raises what `ingest` and the check of the key raise."""
    origin = pixel.origin_of(page=page)
    caller = _open_door(parameters.get("key"), origin)
    if caller.kind == "secret":
        message = "A secret key must not be in the address of a picture: anybody can read it there. Revoke it."
        raise Denied(message, code="secret_key_in_browser")
    event = pixel.make_event(parameters=parameters, now=received_at)
    envelope = Envelope(events=[event], user_agent=user_agent, origin=origin)
    return ingest(caller=caller, envelope=envelope, received_at=received_at).results[0]


def require_server(*, caller: Caller) -> Caller:
    """Return the caller that may send lines of events; raises Denied for a publishable key, which anybody may hold."""
    if caller.kind != "secret":
        raise Denied("Lines of events are taken from servers only: use a secret key.", code="bulk_needs_secret_key")
    return caller


def ingest_lines(*, caller: Caller, body: bytes, received_at: datetime) -> BulkResult:
    """Take in lines of events from a server. Raises Denied for a publishable key, Invalid for no lines, Unavailable.

    The last says in `accepted_lines` how many lines are worked: go on after them.
    """
    require_server(caller=caller)

    def take(envelope: Envelope) -> IngestResult:
        return ingest(caller=caller, envelope=envelope, received_at=received_at)

    return bulk.take_lines(body=body, take=take)


def inspect(*, site_id: str, now: datetime) -> Inspection:
    """Return counts and samples of what came into the site, some half a second old. Raises Unavailable."""
    return inspector.inspect(site_id=site_id, now=now)


def measure() -> Measurements:
    """Return what an operator's monitoring wants to know; parts that are away are left out."""
    return measuring.measure()


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
    """Return the item events of the site with `since <= time < until` as columns, ordered by time and mark.

    Events of type "rate" with a rating up to `poor_rating` are left out.
    """
    return interactions.load_interactions(
        site_id=site_id, since=since, until=until, types=types, poor_rating=poor_rating
    )


def load_purchases(*, site_id: str, since: datetime, until: datetime) -> StoreColumns:
    """Return purchases and returns of the site with `since <= time < until` as columns, ordered by time.

    Their sessions are orders (else visits, else events). With them: the stores, and int32 [n], an index into these, -1
    for what was not bought in one.
    """
    return purchases.load_purchases(site_id=site_id, since=since, until=until)


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


def count_outcomes(*, site_id: str, since: date, until: date) -> Iterator[tuple[str, date, int, int, int]]:
    """Yield model, day, and how many of its slates were served, seen and clicked; both days included."""
    return outcomes.count_outcomes(site_id=site_id, since=since, until=until)


def count_units(
    *,
    site_id: str,
    labels: Sequence[str],
    since: datetime,
    until: datetime,
    window: timedelta,
    currency: str,
    by_store: bool,
) -> Iterator[tuple[Any, ...]]:
    """Yield for each shopper (or store) that saw slates with these labels: label, on how many sides it was, and counts.

    Of each what came within the window after a sight, then the same of as long before; see `selectors/trials.py`.
    """
    return trials.count_units(
        site_id=site_id,
        labels=labels,
        since=since,
        until=until,
        window=window,
        currency=currency,
        by_store=by_store,
    )


def count_days() -> int:
    """Bring the daily counts up to what is in the table; return how many sites and days were counted.

    A day of whose events retention has ended keeps its counts.
    """
    return counts.count_days()


def recount_days(*, site_id: str, since: date, until: date, progress: Callable[[int], object]) -> int:
    """Count these days of the site, both included, changed or not; `progress` is told of each. Raises NotFound."""
    profiles.get_site(site_id=site_id)
    return counts.recount_days(site_id=site_id, since=since, until=until, progress=progress)


def list_daily_counts(
    *,
    site_id: str,
    since: date,
    until: date,
    types: Sequence[str] | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[DailyFigures]:
    """Return a page of the daily counts from `since` to `until`, both included, in order of day, type and item.

    Raises Invalid for a cursor that is not one of this list, or a limit outside 1 to 500.
    """
    return daily.list_daily_counts(site_id=site_id, since=since, until=until, types=types, cursor=cursor, limit=limit)


def count_dead_letters(*, ids: Sequence[int] | None = None, cause: str | None = None, kind: str | None = None) -> int:
    """Return how many dead letters there are with these numbers, of this cause and kind; None names all."""
    return replaying.choose(ids=ids, cause=cause, kind=kind).count()


def replay_dead_letters(
    *,
    now: datetime,
    ids: Sequence[int] | None = None,
    cause: str | None = None,
    kind: str | None = None,
    progress: Callable[[int], object] = bool,
) -> ReplayResult:
    """Write the chosen dead letters to their table, or put those that nobody could read into the stream again.

    What is as dead as before stays a letter, with today's reason. Raises Unavailable when the stream does not answer;
    what was done until then is told to `progress`. May be begun again at any time.
    """
    chosen = replaying.choose(ids=ids, cause=cause, kind=kind)
    return replaying.replay(chosen=chosen, now=now, progress=progress)


def count_events(*, site_id: str, since: date, until: date) -> int:
    """Return the number of events of the site of the days from `since` to `until`, both included."""
    return periods.count_period(site_id=site_id, since=since, until=until)


def export_events(*, export: Export, progress: Callable[[int], object]) -> int:
    """Write the events of a site and period to a Parquet file, which appears whole or not at all; return how many.

    Raises NotFound for the site, Unavailable without pyarrow, Conflict where there is a file, Invalid for the period
    or the folder.
    """
    profiles.get_site(site_id=export.site_id)
    return exporting.export_events(export=export, progress=progress)


def trim_log(*, now: datetime) -> int:
    """Remove from the log what every group has acknowledged and is older than an hour; return how many records."""
    return stream.trim_log(now=now)


def make_partitions(*, now: datetime) -> None:
    """Make the partitions of the coming months and drop those that no site keeps any more, and old dead letters."""
    partitions.make_partitions(now=now)
    days = {site.site_id: site.event_retention_days for site in profiles.list_sites()}
    retention.drop_partitions(retention=days, now=now)
    if days:
        letters.forget(before=now - timedelta(days=max(days.values())))


def create_topics(*, replication: int | None = None, partitions: int | None = None) -> dict[str, list[str] | None]:
    """Make the topics of the Kafka twin as described; return by name where one that exists differs, None for a new one.

    Instead of the described numbers: `replication`, the copies of all topics; `partitions` of the events. Raises
    Unavailable, Invalid.
    """
    return kafka_topics.create_described(replication=replication, partitions=partitions)


def status() -> dict[str, int]:
    """Return by consumer group how many records it has not acknowledged."""
    return stream.status()


def _open_door(key: str | None, origin: str | None) -> Caller:
    """Return who calls where no header tells the key; raises what the check of a key raises."""
    caller = profiles.authenticate(presented=key, origin=origin)
    profiles.require_scope(caller=caller, scope=SCOPE)
    profiles.check_rate(caller=caller)
    return caller


def count_strayed() -> int:
    """Return how many rows lie in default partitions though their month may have its own, counted up to a bound."""
    return sum(strays.count_strays().values())
