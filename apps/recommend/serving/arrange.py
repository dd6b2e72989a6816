"""Step 6: which candidate gets which place."""

import numpy as np

from apps.recommend.ml.slate import choose
from apps.recommend.ml.slateparts import NO_PINS
from apps.recommend.rules.pins import place_pins
from apps.recommend.serving.slating import likeness_of, limits_of, trying_of
from apps.recommend.serving.state import NO_OWNER, Draft


def put_places(draft: Draft) -> None:
    """Cut the candidates to the slate: pins in their places, the others by score, limits, likeness and trying."""
    if draft.plain or not _is_choice(draft):
        _take(draft, slice(draft.limit))
        return
    pins = _pins(draft) if draft.plan.pins else NO_PINS
    chosen = choose(
        np.ascontiguousarray(draft.scores, dtype=np.float32),
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
    banned = frozenset(draft.banned.tolist())
    gates = [gate for gate in (draft.plan.gate, draft.within) if gate is not None]
    placed = place_pins(
        draft.plan.pins,
        limit=draft.limit,
        may=lambda row: all(gate[row] for gate in gates) and row not in banned,
    )
    draft.unshown = placed.unshown
    if not placed.places:
        return NO_PINS
    draft.pinned = {row: rule for _, row, rule in placed.places}
    found = {row: at for at, row in enumerate(draft.rows.tolist())}
    _add(draft, [row for _, row, _ in placed.places if row not in found])
    found = {row: at for at, row in enumerate(draft.rows.tolist())}
    pins = np.full(placed.places[-1][0], -1, dtype=np.int32)
    for position, row, _ in placed.places:
        pins[position - 1] = found[row]
    return pins


def _add(draft: Draft, rows: list[int]) -> None:
    """Put these rows behind the candidates."""
    count = len(rows)
    nothing = np.full(count, -1, dtype=np.int32)
    draft.rows = np.append(draft.rows, np.array(rows, dtype=np.int32))
    draft.scores = np.append(draft.scores, np.zeros(count, dtype=np.float32))
    draft.because = np.append(draft.because, nothing)
    draft.owner = np.append(draft.owner, np.full(count, NO_OWNER, dtype=np.int8))
    if len(draft.counts):
        draft.counts = np.append(draft.counts, nothing)
