"""From a request to an answer: named steps on a draft. The loop measures, the steps do not."""

import logging
import time
from collections.abc import Callable
from datetime import datetime

from apps.recommend.contracts import Answer, Request
from apps.recommend.serving.arrange import put_items
from apps.recommend.serving.context import put_context
from apps.recommend.serving.eligible import put_mask
from apps.recommend.serving.expose import record_exposure
from apps.recommend.serving.retrieve import put_candidates
from apps.recommend.serving.score import put_scores
from apps.recommend.serving.sites import get_placement, get_ready
from apps.recommend.serving.state import Draft
from specrec.kernel.errors import Invalid
from specrec.kernel.ids import new_id

logger = logging.getLogger(__name__)

STEPS: tuple[tuple[str, Callable[[Draft], None]], ...] = (
    ("context", put_context),
    ("eligible", put_mask),
    ("retrieve", put_candidates),
    ("score", put_scores),
    ("arrange", put_items),
    ("expose", record_exposure),
)
SLOW_MS = 100.0


def answer(*, site_id: str, request: Request, now: datetime) -> Answer:
    """Return the slate for the request; raises NotFound (placement), Invalid (item), Unavailable (never read site)."""
    draft = _start(site_id, request, now)
    started = time.perf_counter()
    for name, step in STEPS:
        step(draft)
        ended = time.perf_counter()
        draft.timings[name] = (ended - started) * 1_000
        started = ended
    if sum(draft.timings.values()) > SLOW_MS:
        logger.warning("slow answer for %s/%s: %s", site_id, request.placement, draft.timings)
    loaded = draft.ready.loaded
    return Answer(
        recommendation_id=draft.recommendation_id,
        placement=draft.placement.placement,
        strategy=draft.placement.strategy,
        items=draft.items,
        personalised=draft.personalised,
        fallback=draft.fallback,
        model=None if loaded is None else loaded.stamp,
    )


def _start(site_id: str, request: Request, now: datetime) -> Draft:
    ready = get_ready(site_id)
    placement = get_placement(ready, request.placement)
    if request.store_id is not None and request.store_id not in ready.shelf.columns.store_ids:
        message = f"This site has no open store {request.store_id!r}."
        raise Invalid(message, code="unknown_store", field="store_id")
    return Draft(
        site_id=site_id,
        request=request,
        now=now,
        recommendation_id=new_id(),
        ready=ready,
        placement=placement,
        limit=request.limit or placement.size,
        offer=ready.offer_at(request.store_id),
    )
