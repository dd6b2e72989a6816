"""Intake of one batch: the steps, one look-up of consent and identity, one append to the stream."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import msgspec
from django.db import InterfaceError, OperationalError, transaction

from apps.profiles import api as profiles
from apps.profiles.contracts import Caller, ConsentSignal, Shopper, ShopperRef
from apps.tracking.contracts import MAX_EVENTS, Envelope, EventResult, IngestResult, TrackedEvent
from apps.tracking.steps import STEPS, Batch, Draft
from apps.tracking.stream import records
from apps.tracking.stream.choice import get_stream
from specrec.kernel.errors import Invalid, TooLarge, Unavailable
from specrec.kernel.telemetry import Timings

logger = logging.getLogger(__name__)

HISTORY = "history_personalisation"
_NOBODY = ShopperRef()
_RETENTION_SECONDS = 10.0
_retentions: dict[str, tuple[timedelta, float]] = {}


def ingest(*, caller: Caller, envelope: Envelope, received_at: datetime) -> IngestResult:
    """Check the events and append the good ones to the stream, where they are durable when this returns.

    Raises Invalid for an empty batch, TooLarge for more than MAX_EVENTS, Unavailable when they could not be written;
    then nothing of the batch is. Runs outside of any transaction, because a promise must not be rolled back.
    """
    _check_size(envelope.events)
    timings = Timings()
    drafts = [Draft(index, raw) for index, raw in enumerate(envelope.events)]
    passed = _run_steps(drafts, _batch(caller, received_at), timings)
    if passed:
        with timings.measure("write"):
            _write(caller.site_id, passed, received_at)
    logger.debug("intake of %d events at %s, ms: %s", len(drafts), caller.site_id, timings.steps)
    return _result(drafts, len(passed))


def _check_size(events: Sequence[msgspec.Raw]) -> None:
    if not events:
        raise Invalid("The batch holds no event.", code="no_events", field="events")
    if len(events) > MAX_EVENTS:
        message = f"The batch holds {len(events):,} events; at most {MAX_EVENTS:,} are accepted. Send several batches."
        raise TooLarge(message, code="too_many_events", field="events", max_events=MAX_EVENTS)


def _batch(caller: Caller, received_at: datetime) -> Batch:
    return Batch(
        received_at=received_at,
        may_name_customers=caller.kind == "secret",
        oldest=received_at - _retention(caller.site_id),
    )


def _retention(site_id: str) -> timedelta:
    """Return how long the site keeps events, as of some seconds ago; asking each time is a tenth of a small batch."""
    known = _retentions.get(site_id)
    if known is None or known[1] < time.monotonic():
        with _availability():
            days = profiles.get_site(site_id=site_id).event_retention_days
        known = _retentions[site_id] = (timedelta(days=days), time.monotonic() + _RETENTION_SECONDS)
    return known[0]


def _run_steps(drafts: list[Draft], batch: Batch, timings: Timings) -> list[Draft]:
    passed = drafts
    for step in STEPS:
        with timings.measure(step.__name__):
            for draft in passed:
                step(draft, batch)
            passed = [draft for draft in passed if draft.reason is None and not draft.duplicate]
    return passed


def _write(site_id: str, passed: list[Draft], received_at: datetime) -> None:
    refs = [ShopperRef(draft.event.anonymous_id, draft.event.customer_id) for draft in passed]
    signals = [
        ConsentSignal(ref=ref, granted=frozenset(draft.event.consent), at=draft.time, source="event")
        for draft, ref in zip(passed, refs, strict=True)
        if draft.event.consent is not None
    ]
    with _availability(), transaction.atomic(durable=True):
        if signals:
            profiles.record_consents(site_id=site_id, signals=signals)
        shoppers = profiles.resolve_shoppers(site_id=site_id, refs=set(refs) - {_NOBODY})
        found = [
            records.from_event(_track(site_id, draft, shoppers.get(ref), received_at))
            for draft, ref in zip(passed, refs, strict=True)
        ]
        get_stream().append(found)


def _track(site_id: str, draft: Draft, shopper: Shopper | None, received_at: datetime) -> TrackedEvent:
    event, context = draft.event, draft.event.context
    known = shopper is not None and HISTORY in shopper.purposes  # fails closed: without a word, nobody is remembered
    return TrackedEvent(
        site_id,
        event.id,
        draft.day,
        event.type,
        draft.time,
        received_at,
        shopper.shopper_id if known and shopper is not None else None,
        event.session_id if known else None,
        event.item_id,
        event.sku,
        event.quantity,
        draft.unit_price,
        event.currency,
        event.order_id if known else None,  # the shop could join it back to a person
        event.query,
        event.rating,
        context.placement,
        context.position,
        context.recommendation_id,
        context.channel,
        context.store_id,
        event.historical,
    )


def _result(drafts: list[Draft], accepted: int) -> IngestResult:
    results = [_outcome(draft) for draft in drafts]
    duplicate = sum(draft.duplicate for draft in drafts)
    return IngestResult(accepted, duplicate, len(drafts) - accepted - duplicate, results)


def _outcome(draft: Draft) -> EventResult:
    if draft.reason is not None:
        return EventResult(draft.index, "dropped", draft.event_id, draft.reason.value, draft.field, draft.message)
    return EventResult(draft.index, "duplicate" if draft.duplicate else "accepted", draft.event_id)


@contextmanager
def _availability() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        message = "Events cannot be written at the moment. Send the same events again."
        raise Unavailable(message, code="intake_unavailable") from error
