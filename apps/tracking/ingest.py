"""Intake of one batch: the steps, one look-up of consent and identity, one append to the stream."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

import msgspec
from django.db import InterfaceError, OperationalError, transaction

from apps.profiles import api as profiles
from apps.profiles.contracts import Caller, ConsentSignal, Shopper, ShopperRef
from apps.tracking.contracts import MAX_EVENTS, Envelope, EventResult, IngestResult, Rules, TrackedEvent
from apps.tracking.steps.checks import (
    drop_claim,
    drop_duplicate,
    drop_incomplete,
    drop_unknown_purpose,
    drop_without_placement,
    put_event,
    put_unit_price,
)
from apps.tracking.steps.clock import put_time
from apps.tracking.steps.draft import Batch, Draft, Step, make_batch
from apps.tracking.steps.stitching import Stitching
from apps.tracking.steps.visitors import drop_bot, put_referrer
from apps.tracking.stream import records
from apps.tracking.stream.choice import get_stream
from specrec.kernel.errors import Invalid, TooLarge, Unavailable
from specrec.kernel.telemetry import Timings

logger = logging.getLogger(__name__)

# The key and the site were checked at the door. Consent and sessions follow, for all events at once: see `_write`.
STEPS: tuple[Step, ...] = (
    put_event,
    drop_claim,
    drop_incomplete,
    drop_unknown_purpose,
    put_unit_price,
    put_time,
    drop_bot,
    drop_without_placement,
    drop_duplicate,
    put_referrer,
)
HISTORY = "history_personalisation"


class Taken(NamedTuple):
    """The answer to a batch, and its events as they were worked."""

    result: IngestResult
    drafts: list[Draft]


def ingest(*, caller: Caller, envelope: Envelope, rules: Rules, received_at: datetime) -> Taken:
    """Check the events and append the good ones to the stream, where they are durable when this returns.

    Raises Invalid for an empty batch, TooLarge for more than MAX_EVENTS, Unavailable when they could not be written;
    then nothing of the batch is. Runs outside of any transaction, because a promise must not be rolled back.
    """
    _check_size(envelope.events)
    timings = Timings()
    drafts = [Draft(index, raw) for index, raw in enumerate(envelope.events)]
    batch = make_batch(caller=caller, envelope=envelope, rules=rules, received_at=received_at)
    passed = _run_steps(drafts, batch, timings)
    if passed:
        with timings.measure("write"):
            _write(passed, rules, received_at)
    logger.debug("intake of %d events at %s, ms: %s", len(drafts), caller.site_id, timings.steps)
    return Taken(_result(drafts, len(passed)), drafts)


def _check_size(events: Sequence[msgspec.Raw]) -> None:
    if not events:
        raise Invalid("The batch holds no event.", code="no_events", field="events")
    if len(events) > MAX_EVENTS:
        message = f"The batch holds {len(events):,} events; at most {MAX_EVENTS:,} are accepted. Send several batches."
        raise TooLarge(message, code="too_many_events", field="events", max_events=MAX_EVENTS)


def _run_steps(drafts: list[Draft], batch: Batch, timings: Timings) -> list[Draft]:
    passed = drafts
    for step in STEPS:
        with timings.measure(step.__name__):
            for draft in passed:
                step(draft, batch)
            passed = [draft for draft in passed if draft.reason is None and not draft.duplicate]
    return passed


def _write(passed: list[Draft], rules: Rules, received_at: datetime) -> None:
    site_id = rules.site_id
    refs = [ShopperRef(draft.event.anonymous_id, draft.event.customer_id) for draft in passed]
    signals = [
        ConsentSignal(ref=ref, granted=frozenset(draft.event.consent), at=draft.time, source="event")
        for draft, ref in zip(passed, refs, strict=True)
        if draft.event.consent is not None
    ]
    stitching = Stitching(rules)
    with _availability(), transaction.atomic(durable=True):
        shoppers = profiles.hear_shoppers(site_id=site_id, refs=refs, signals=signals)
        known = [_remembered(draft, shoppers.get(ref)) for draft, ref in zip(passed, refs, strict=True)]
        sessions = stitching.find(passed, [None if one is None else one.shopper_id for one in known])
        found = [
            records.from_event(_track(site_id, draft, shopper, session, received_at))
            for draft, shopper, session in zip(passed, known, sessions, strict=True)
        ]
        get_stream().append(found)
    stitching.keep()


def _remembered(draft: Draft, shopper: Shopper | None) -> Shopper | None:
    """Return the shopper where we may remember them; fails closed: without a word, nobody is.

    An event that says no itself belongs to nobody, also where a later yes has come before it or with it.
    """
    said = draft.event.consent
    if shopper is None or HISTORY not in shopper.purposes or (said is not None and HISTORY not in said):
        return None
    return shopper


def _track(
    site_id: str, draft: Draft, shopper: Shopper | None, session_id: str | None, received_at: datetime
) -> TrackedEvent:
    event, context = draft.event, draft.event.context
    return TrackedEvent(
        site_id,
        event.id,
        draft.day,
        event.type,
        draft.time,
        received_at,
        None if shopper is None else shopper.shopper_id,
        session_id,
        event.item_id,
        event.sku,
        event.quantity,
        draft.unit_price,
        event.currency,
        None if shopper is None else event.order_id,  # the shop could join it back to a person
        event.query,
        event.rating,
        context.placement,
        context.position,
        context.recommendation_id,
        context.channel,
        context.store_id,
        event.historical,
        event.replay,
        draft.device,
        draft.referrer,
        context.campaign,
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
