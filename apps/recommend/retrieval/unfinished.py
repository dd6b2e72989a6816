"""What the shopper had in hand lately and did not buy."""

import numpy as np

from apps.recommend.columns import NOTHING, Candidates, Question, Shelf
from apps.recommend.shelves.choosing import best

LATELY_DAYS = 30.0
_HALF_LIFE_DAYS = 5.0
_DAY = 86_400.0


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return items of the history that were touched lately and not bought since: in the basket before looked at.

    What the caller names counts as touched now; what is older than 30 days is given up.
    """
    rows = question.history
    if not len(rows):
        return NOTHING
    columns, about, now = shelf.columns, question.about, question.now
    items = [columns.item_ids[row] for row in rows.tolist()]
    touched = np.array([about.touched.get(item, now) for item in items])
    bought = np.array([about.bought.get(item, -np.inf) for item in items])
    age = (now - touched) / _DAY
    weights = np.ones(len(rows)) if question.history_weights is None else question.history_weights
    # Of two that were touched at once (or named without a time), the later in the history is the newer.
    order = 1.0 + 1e-6 * np.arange(len(rows))
    scores = weights * np.exp2(-np.maximum(age, 0.0) / _HALF_LIFE_DAYS) * order
    return best(rows, np.where((age <= LATELY_DAYS) & (bought < touched), scores, 0.0), question)
