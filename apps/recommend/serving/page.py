"""All slots of a page in one pass: one context, no item twice, the most important placement chooses first.

Failure policy: what is wrong with one slot is said in its place; the others are answered.
"""

from datetime import datetime
from time import perf_counter
from typing import Any

import numpy as np

from apps.recommend import conf
from apps.recommend.columns import Memo
from apps.recommend.contracts.serving import PageAnswer, PageRequest, Place, Request, Slot, SlotAnswer
from apps.recommend.serving import pipeline
from apps.recommend.serving.ready import ReadySite
from apps.recommend.serving.sites import get_ready
from apps.recommend.serving.state import Draft
from specrec.kernel.errors import Problem, Unavailable
from specrec.kernel.ids import new_id

_PLACE = tuple(name for name in Place.__struct_fields__ if name != "item_ids")
_LAST = 1_001  # behind every placement that there is


def answer_page(*, site_id: str, request: PageRequest, now: datetime) -> PageAnswer:
    """Return the slots in the order asked for; raises Unavailable for a site that was never read."""
    ready = get_ready(site_id)
    place = {name: getattr(request, name) for name in _PLACE}
    slots = request.slots
    order = sorted(range(len(slots)), key=lambda at: (_priority(ready, slots[at]), at))
    page = _Page(ready, now)
    found = {at: page.answer(at, slots[at], _to_request(slots[at], request.item_ids, place)) for at in order}
    return PageAnswer(page_id=new_id(), slots=tuple(found[at] for at in range(len(slots))))


def _priority(ready: ReadySite, slot: Slot) -> int:
    placement = ready.placements.get(slot.placement)
    return _LAST if placement is None else placement.priority


def _to_request(slot: Slot, item_ids: list[str], place: dict[str, object]) -> Request:
    return Request(
        placement=slot.placement,
        limit=slot.limit,
        item_ids=item_ids if slot.item_ids is None else slot.item_ids,
        filter=slot.filter,
        include_item_ids=slot.include_item_ids,
        only_in_stock_at=slot.only_in_stock_at,
        **place,  # type: ignore[arg-type]  # the fields of Place, as they were checked
    )


class _Page:
    """The slots so far: what is shown already, and what is known of the shopper."""

    def __init__(self, ready: ReadySite, now: datetime) -> None:
        self._ready, self._now = ready, now
        self._first: Draft | None = None
        self._memo: Memo = {}
        self._shown: list[np.ndarray] = []

    def answer(self, at: int, slot: Slot, request: Request) -> SlotAnswer:
        name = slot.slot or slot.placement
        try:
            draft = self._draft(request)
        except Unavailable:
            raise
        except Problem as error:
            return SlotAnswer(slot=name, answer=None, error=_located(error, at))
        self._shown.append(draft.rows)
        pipeline.record(draft, shown=True)
        return SlotAnswer(slot=name, answer=pipeline.to_answer(draft))

    def _draft(self, request: Request) -> Draft:
        draft = pipeline.begin(self._ready, request, self._now)
        if self._shown:
            draft.shown = np.concatenate(self._shown)
        draft.beside = self._first
        draft.memo = self._memo
        draft.deadline = perf_counter() + conf.ANSWER_WITHIN_SECONDS
        pipeline.put_slate(draft)
        self._first = self._first or draft
        return draft


def _located(error: Problem, at: int) -> dict[str, Any]:
    """Return the problem with the place of the slot before its field."""
    document = error.as_dict()
    if error.field is not None and error.field != "store_id":
        document["field"] = f"slots[{at}].{error.field}"
    return document
