"""Step 6: which candidate gets which place."""

import numpy as np

from apps.recommend.ml.selection import holds
from apps.recommend.ml.slate import choose
from apps.recommend.ml.slateparts import NO_PINS
from apps.recommend.rules.pins import place_pins
from apps.recommend.serving.slating import likeness_of, limits_of, trying_of
from apps.recommend.serving.state import Draft


def put_places(draft: Draft) -> None:
    """Cut the candidates to the slate: pins in their places, the others by score, limits, likeness and trying."""
    if draft.plain or not _is_choice(draft):
        _take(draft, slice(draft.limit))
        return
    pins = _pins(draft) if draft.plan.pins else NO_PINS
    chosen = choose(
        draft.scores,
        draft.limit,
        pins=pins,
        limits=limits_of(draft),
        likeness=likeness_of(draft),
        trying=trying_of(draft),
    )
    _take(draft, chosen.places)
    if draft.placement.exploration:
        draft.propensities = tuple(chosen.propensities.tolist())
    if draft.trace is not None:
        gave_way = chosen.gave_way[: len(draft.plan.limits)].tolist()
        kept_not = [limit.rule for limit, gave in zip(draft.plan.limits, gave_way, strict=True) if gave]
        draft.trace.note("arrange", "gave_way", kept_not)


def _is_choice(draft: Draft) -> bool:
    """Return whether a slate is more than the best candidates."""
    placement, plan = draft.placement, draft.plan
    return bool(plan.pins or plan.limits or placement.diversity or placement.max_per_brand or placement.exploration)


def _take(draft: Draft, places: np.ndarray | slice) -> None:
    draft.rows, draft.scores = draft.rows[places], draft.scores[places]
    draft.because, draft.owner = draft.because[places], draft.owner[places]
    if len(draft.counts):
        draft.counts = draft.counts[places]


def _pins(draft: Draft) -> np.ndarray:
    """Return the candidate for each place that a rule gives away, int32, -1 for none; those not found are added."""
    gate, within, banned = draft.plan.gate, draft.within, draft.banned

    def may(row: int) -> bool:
        return bool(gate[row]) and (within is None or bool(within[row])) and not holds(banned, row)

    placed = place_pins(draft.plan.pins, limit=draft.limit, may=may)
    draft.unshown = placed.unshown
    if not placed.places:
        return NO_PINS
    draft.pinned = {row: rule for _, row, rule in placed.places}
    rows = draft.rows.tolist()
    found = {row: at for at, row in enumerate(rows)}
    fresh = [row for _, row, _ in placed.places if row not in found]
    if fresh:
        draft.put_in(len(rows), np.array(fresh, dtype=np.int32), 0.0)
        found |= {row: at for at, row in enumerate(fresh, start=len(rows))}
    pins = np.full(placed.places[-1][0], -1, dtype=np.int32)
    for position, row, _ in placed.places:
        pins[position - 1] = found[row]
    return pins
