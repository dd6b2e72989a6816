"""Step 5: one scale. What a fallback found never outranks what the strategy before it found.

Rules that boost or bury multiply within what one strategy found; rows that a rule includes come in where the slate
would end, so that they are in it, and behind what shoppers are best served with.
"""

import numpy as np

from apps.recommend.columns import NO_ROWS, Candidates
from apps.recommend.ml.selection import holds
from apps.recommend.serving.state import Draft

_TINY = 1e-12


def put_scores(draft: Draft) -> None:
    """Put the candidates of all strategies after one another, with scores between 0 and 1 that never rise."""
    factor = None if draft.plain else draft.plan.factor
    parts = [found.candidates if factor is None else _multiplied(found.candidates, factor) for found in draft.found]
    scores, ceiling = [], 1.0
    for part in parts:
        scaled = np.minimum(part.scores * (ceiling / max(float(part.scores[0]), _TINY)), ceiling)
        ceiling = max(float(scaled[-1]), 0.0)
        scores.append(scaled)
    if len(parts) == 1:
        draft.rows, draft.because, draft.scores = parts[0].rows, parts[0].because, scores[0]
        draft.owner = np.zeros(len(draft.rows), dtype=np.int8)
    elif parts:
        draft.rows, draft.scores = np.concatenate([part.rows for part in parts]), np.concatenate(scores)
        draft.because = np.concatenate([part.because for part in parts])
        draft.owner = np.repeat(np.arange(len(parts), dtype=np.int8), [len(part.rows) for part in parts])
    draft.counts = _counts(parts)
    if len(draft.plan.include) and not draft.plain:
        _include(draft)


def _multiplied(candidates: Candidates, factor: np.ndarray) -> Candidates:
    """Return the candidates with their scores multiplied by the factors (float32 [n]) of the rules, in that order."""
    rows = candidates.rows
    scores = candidates.scores * factor[rows]
    order = np.argsort(-scores, kind="stable")
    return Candidates(
        rows=rows[order],
        scores=scores[order],
        because=candidates.because[order],
        counts=None if candidates.counts is None else candidates.counts[order],
    )


def _counts(parts: list[Candidates]) -> np.ndarray:
    """Return the numbers that reasons say, -1 where none; empty where no reason says any."""
    if all(part.counts is None for part in parts):
        return NO_ROWS
    none = [np.full(len(part.rows), -1, dtype=np.int32) for part in parts]
    return np.concatenate([own if part.counts is None else part.counts for part, own in zip(parts, none, strict=True)])


def _include(draft: Draft) -> None:
    """Put in what rules include and no strategy found: before what stands where the slate would end."""
    may = [row for row in draft.plan.include.tolist() if not holds(draft.banned, row)]
    if draft.within is not None:
        may = [row for row in may if draft.within[row]]
    known = set(draft.rows.tolist())
    fresh = np.array([row for row in may if row not in known], dtype=np.int32)
    if not len(fresh):
        return
    place = max(min(draft.limit, len(draft.rows)) - len(fresh), 0)
    level = float(draft.scores[place]) if len(draft.scores) else 1.0
    draft.put_in(place, fresh, level)
