"""Step 5: one scale. What a fallback found never outranks what the strategy before it found."""

import numpy as np

from apps.recommend.serving.state import Draft


def put_scores(draft: Draft) -> None:
    """Put the candidates of all strategies after one another, with scores between 0 and 1 that never rise."""
    if not draft.found:
        return
    rows, scores, because, owner = [], [], [], []
    ceiling = 1.0
    for index, found in enumerate(draft.found):
        found_scores = found.candidates.scores
        scaled = np.minimum(found_scores * (ceiling / max(float(found_scores[0]), 1e-12)), ceiling)
        ceiling = max(float(scaled[-1]), 0.0)
        rows.append(found.candidates.rows)
        scores.append(scaled)
        because.append(found.candidates.because)
        owner.append(np.full(len(scaled), index, dtype=np.int8))
    draft.rows, draft.scores = np.concatenate(rows), np.concatenate(scores)
    draft.because, draft.owner = np.concatenate(because), np.concatenate(owner)
