"""Traces of answers: said where the caller asks, kept where asked or drawn, read, erased, and deleted in time.

Failure policy: an answer never waits for a trace that is only drawn, and never fails for any. What cannot be written is
logged and lost.
"""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.db import Error as DatabaseError
from django.db import connection

from apps.recommend.contracts.serving import Answer
from apps.recommend.contracts.traces import TraceInfo, TraceQuery, TraceSummary
from apps.recommend.models import Trace, TraceSampling
from apps.recommend.serving import recorded as records
from apps.recommend.serving.recorded import Recorded
from apps.recommend.serving.recording import record, to_content, to_info
from apps.recommend.serving.redacted import without_shopper
from apps.recommend.serving.state import Draft
from specrec.kernel.errors import Invalid, NotFound
from specrec.kernel.paging import Page, checked_limit, from_cursor, to_cursor

logger = logging.getLogger(__name__)

KEPT_DAYS = 14  # where a site does not say (the default of `TraceSampling`)


def tell(draft: Draft, answer: Answer) -> Answer:
    """Return the answer with how it came about, and keep that; where that cannot be told, the answer alone."""
    try:
        recorded = record(draft)
    except Exception:
        # The answer is there already; a defect in telling about it must not take it away.
        logger.exception("an answer of %s cannot be traced", draft.site_id)
        return answer
    keep(draft, recorded)
    info = to_info(recorded, trace_id=draft.recommendation_id, site_id=draft.site_id, at=draft.now)
    told = msgspec.to_builtins(info)
    return msgspec.structs.replace(answer, trace=told)


def keep(draft: Draft, recorded: Recorded) -> bool:
    """Store the record and return True, or False where it cannot be written."""
    trace_id = draft.recommendation_id
    try:
        Trace.objects.create(
            trace_id=trace_id,
            site_id=draft.site_id,
            shopper_id=draft.shopper_id,
            at=draft.now,
            placement=draft.placement.placement,
            model=recorded.versions["model"],
            content=to_content(recorded),
            known=records.pack(recorded, trace_id=trace_id),
        )
    except DatabaseError as error:
        logger.warning("a trace of %s is not kept: %s", draft.site_id, type(error).__name__)
        connection.close()
        return False
    return True


def list_traces(*, site_id: str, query: TraceQuery) -> Page[TraceSummary]:
    """Return a page of the traces of a site, newest first; raises Invalid for a bad cursor or limit."""
    limit, after = checked_limit(query.limit), _place_of(query.cursor)
    rows = Trace.objects.filter(site_id=site_id)
    if query.placement is not None:
        rows = rows.filter(placement=query.placement)
    if after is not None:
        at, trace_id = after
        rows = rows.filter(at__lte=at).exclude(at=at, trace_id__gte=trace_id)
    found = list(rows.defer("known").order_by("-at", "-trace_id")[: limit + 1])
    more = to_cursor(found[limit - 1].at, found[limit - 1].trace_id) if len(found) > limit else None
    return Page(items=[_to_summary(row) for row in found[:limit]], next_cursor=more)


def _place_of(cursor: str | None) -> tuple[datetime, UUID] | None:
    keys = from_cursor(cursor)
    if keys is None:
        return None
    try:
        return msgspec.convert(keys, tuple[datetime, UUID])
    except msgspec.ValidationError as error:
        message = "The cursor is not one that this list gave out. Leave it away to start again."
        raise Invalid(message, code="bad_cursor", field="cursor") from error


def get_record(*, site_id: str, trace_id: UUID) -> tuple[datetime, Recorded]:
    """Return when it was answered and what was recorded; raises NotFound, Unavailable (key), Conflict (unreadable)."""
    row = Trace.objects.filter(site_id=site_id, trace_id=trace_id).first()
    if row is None or row.known is None:
        message = f"The site {site_id} has no trace {trace_id}: it was never kept, or is deleted by now."
        raise NotFound(message, code="trace_not_found", field="trace_id")
    return row.at, records.unpack(bytes(row.known), trace_id=trace_id)


def show_trace(*, site_id: str, trace_id: UUID, whole: bool = True) -> TraceInfo:
    """Return how the answer came about, if not whole without what tells of the shopper; raises as `get_record`."""
    at, recorded = get_record(site_id=site_id, trace_id=trace_id)
    info = to_info(recorded, trace_id=trace_id, site_id=site_id, at=at)
    return info if whole else without_shopper(info)


def erase_traces(*, site_id: str, shopper_ids: Collection[UUID]) -> int:
    """Delete every trace of answers to these shoppers; return how many there were."""
    return Trace.objects.filter(site_id=site_id, shopper_id__in=shopper_ids).delete()[0]


def prune_traces(*, now: datetime) -> int:
    """Delete what is older than its site keeps traces; return how many."""
    days = dict(TraceSampling.objects.values_list("site_id", "kept_days"))
    number = 0
    for site_id in Trace.objects.order_by("site_id").values_list("site_id", flat=True).distinct():
        before = now - timedelta(days=days.get(site_id, KEPT_DAYS))
        number += Trace.objects.filter(site_id=site_id, at__lt=before).delete()[0]
    return number


def _to_summary(row: Trace) -> TraceSummary:
    content = row.content
    return TraceSummary(
        trace_id=row.trace_id,
        at=row.at,
        placement=row.placement,
        strategy=content["strategy"],
        fallback=content["fallback"],
        personalised=content["personalised"],
        items=content["items"],
        model=row.model or None,
    )
