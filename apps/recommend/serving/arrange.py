"""Step 6: which candidate gets which place."""

import numpy as np

from apps.recommend.rules.pins import place_pins
from apps.recommend.serving.state import NO_OWNER, Draft


def put_places(draft: Draft) -> None:
    """Cut the candidates to the slate: pins in their places, the others by score."""
    if draft.plan.pins and not draft.plain:
        _put_pins(draft)
    count = draft.limit
    draft.rows, draft.scores = draft.rows[:count], draft.scores[:count]
    draft.because, draft.owner, draft.counts = draft.because[:count], draft.owner[:count], draft.counts[:count]


def _put_pins(draft: Draft) -> None:
    banned = frozenset(draft.banned.tolist())
    gate = draft.mask if draft.request.include_item_ids else draft.plan.gate
    placed = place_pins(draft.plan.pins, limit=draft.limit, may=lambda row: bool(gate[row]) and row not in banned)
    draft.unshown = placed.unshown
    if not placed.places:
        return
    draft.pinned = {row: rule for _, row, rule in placed.places}
    found = {row: at for at, row in enumerate(draft.rows.tolist())}
    order = [at for row, at in found.items() if row not in draft.pinned]
    fresh: list[int] = []
    for position, row, _ in placed.places:
        if row not in found:
            found[row] = len(draft.rows) + len(fresh)
            fresh.append(row)
        order.insert(position - 1, found[row])
    _take(draft, fresh, order)


def _take(draft: Draft, fresh: list[int], order: list[int]) -> None:
    """Put the candidates, then the fresh rows, in this order."""
    count = len(fresh)
    nothing = np.full(count, -1, dtype=np.int32)
    draft.rows = np.append(draft.rows, np.array(fresh, dtype=np.int32))[order]
    draft.scores = np.append(draft.scores, np.ones(count, dtype=np.float32))[order]
    draft.because = np.append(draft.because, nothing)[order]
    draft.owner = np.append(draft.owner, np.full(count, NO_OWNER, dtype=np.int8))[order]
    if len(draft.counts):
        draft.counts = np.append(draft.counts, nothing)[order]
