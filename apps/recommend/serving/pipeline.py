"""From a request to an answer: named steps on a draft. The loop measures, the steps do not.

Failure policy: what the caller got wrong is said; a defect in a step is logged, and what is popular or new answers, or
an empty slate where even that fails. No storefront page may fail because of its recommendations.
"""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from apps.recommend import conf
from apps.recommend.contracts.serving import Answer, Assignment, Request
from apps.recommend.serving import sampled
from apps.recommend.serving.arrange import put_places
from apps.recommend.serving.assigned import put_assignment
from apps.recommend.serving.context import put_context
from apps.recommend.serving.eligible import put_mask
from apps.recommend.serving.expose import record_exposure
from apps.recommend.serving.noted import note_rules
from apps.recommend.serving.ready import ReadySite
from apps.recommend.serving.retrieve import put_candidates
from apps.recommend.serving.sampling import is_drawn
from apps.recommend.serving.score import put_scores
from apps.recommend.serving.sites import get_placement, get_ready
from apps.recommend.serving.state import Draft
from apps.recommend.serving.traces import tell
from apps.recommend.serving.tracing import TraceLog
from apps.recommend.serving.watched import note_slate
from apps.recommend.serving.write import put_items
from specrec.kernel.errors import Invalid, Problem, Unavailable
from specrec.kernel.ids import new_id

logger = logging.getLogger(__name__)

Step = tuple[str, Callable[[Draft], None]]
FIRST: Step = ("context", put_context)
STEPS: tuple[Step, ...] = (
    ("assigned", put_assignment),
    ("eligible", put_mask),
    ("retrieve", put_candidates),
    ("score", put_scores),
    ("arrange", put_places),
    ("write", put_items),
)
LAST: Step = ("expose", record_exposure)
NOTES: tuple[Step, ...] = (("note", note_slate), ("rules", note_rules))
SLOW_MS = 100.0


def was_seen(answer: Answer) -> bool:  # noqa: ARG001 - the signature of every such question
    """Say that a slate was shown."""
    return True


def answer(*, site_id: str, request: Request, now: datetime, seen: Callable[[Answer], bool] = was_seen) -> Answer:
    """Return the slate for the request; raises NotFound (placement), Invalid (item), Unavailable (never read site).

    seen: asked with the answer whether it will be shown; only then it is an exposure
    """
    draft = begin(get_ready(site_id), request, now)
    draft.deadline = time.perf_counter() + conf.ANSWER_WITHIN_SECONDS
    put_slate(draft)
    found = to_answer(draft)
    record(draft, shown=seen(found))
    if sum(draft.timings.values()) > SLOW_MS:
        logger.warning("slow answer for %s/%s: %s", site_id, request.placement, draft.timings)
    return found


def begin(ready: ReadySite, request: Request, now: datetime) -> Draft:
    """Return the draft of an answer from this state of a site; raises NotFound (placement), Invalid (store)."""
    placement = get_placement(ready, request.placement)
    for field, store_id in (("store_id", request.store_id), ("only_in_stock_at", request.only_in_stock_at)):
        if store_id is not None and store_id not in ready.shelf.columns.store_ids:
            message = f"This site has no open store {store_id!r}."
            raise Invalid(message, code="unknown_store", field=field)
    recommendation_id = new_id()
    traced = request.trace or is_drawn(recommendation_id.int, ready.trace_share)
    return Draft(
        site_id=ready.shelf.columns.site_id,
        request=request,
        now=now,
        recommendation_id=recommendation_id,
        ready=ready,
        placement=placement,
        limit=request.limit or placement.size,
        offer=ready.offer_at(request.store_id),
        trace=TraceLog() if traced else None,
    )


def put_slate(draft: Draft) -> None:
    """Do all steps up to the slate; nothing is recorded. Raises Invalid (item, filter)."""
    if _run(draft, (FIRST, *STEPS)):
        return
    draft.start_over()
    if not _run(draft, STEPS):
        draft.start_over()


def record(draft: Draft, *, shown: bool) -> None:
    """Record what the slate says of the model, and, where it is shown, that it was."""
    if shown:
        _run(draft, (LAST,))
    for step in NOTES:
        _run(draft, (step,))
    if draft.trace is not None and not draft.request.trace:
        sampled.offer(draft)


def to_answer(draft: Draft) -> Answer:
    """Return what the draft has come to."""
    loaded = draft.ready.loaded
    found = Answer(
        recommendation_id=draft.recommendation_id,
        placement=draft.placement.placement,
        strategy=draft.placement.strategy,
        items=draft.items,
        personalised=draft.personalised,
        fallback=draft.fallback,
        model=None if loaded is None else loaded.stamp,
        experiments=tuple(Assignment(side.experiment, side.variant) for side in draft.assigned),
        bundle=draft.bundle,
    )
    return tell(draft, found) if draft.request.trace else found


def _run(draft: Draft, steps: Sequence[Step]) -> bool:
    """Do the steps and return True, or False after one that failed by no fault of the caller."""
    for name, step in steps:
        started = time.perf_counter()
        try:
            step(draft)
        except Exception as error:
            if isinstance(error, Problem) and not isinstance(error, Unavailable):
                raise
            logger.exception("step %s failed for %s/%s", name, draft.site_id, draft.request.placement)
            draft.faults += not isinstance(error, Unavailable)
            return False
        draft.timings[name] = (time.perf_counter() - started) * 1_000
    return True
