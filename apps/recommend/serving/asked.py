"""What a slate says of the model behind it: was it asked, and what did it find?"""

import math

from apps.recommend.serving.state import Draft

_BY_HISTORY = frozenset({"for_you"})
_BY_CONTEXT = frozenset({"similar", "also_viewed"})
_BY_NOTHING = frozenset({"popular"})
_LOWEST, _HIGHEST = -12.0, 12.0


def is_asked(draft: Draft) -> bool:
    """Return whether the placement's strategy needs a model, and there was something that it could go by."""
    strategy = draft.placement.strategy
    if strategy in _BY_HISTORY:
        return len(draft.history_rows) > 0
    if strategy in _BY_CONTEXT:
        return len(draft.context_rows) > 0
    return strategy in _BY_NOTHING


def top_score(draft: Draft) -> float | None:
    """Return the best score of the placement's own strategy, as the strategy gave it; None where it found nothing."""
    first = draft.found[0] if draft.found else None
    if first is None or first.strategy != draft.placement.strategy or not len(draft.rows):
        return None
    return float(first.candidates.scores[0])


def score_bin(score: float) -> str:
    """Return the name under which such a score is counted: powers of the root of two."""
    place = 2.0 * math.log2(score) if 0.0 < score < math.inf else _LOWEST
    return f"top{math.floor(min(max(place, _LOWEST), _HIGHEST))}"
