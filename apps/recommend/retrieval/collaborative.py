"""What shoppers with a like history went on to: co-visitation, blended with content and popularity."""

import numpy as np

from apps.recommend.columns import NOTHING, Candidates, Question, Shelf, from_scored
from apps.recommend.ml.blend import score_history


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return what fits the shopper's history; nothing without a history or a model."""
    return _find(shelf, question, question.history)


def find_for_context(shelf: Shelf, question: Question) -> Candidates:
    """Return what was looked at together with the items of the page, by behaviour alone."""
    return _find(shelf, question, question.context, content=0.0)


def _find(shelf: Shelf, question: Question, rows: np.ndarray, *, content: float | None = None) -> Candidates:
    if shelf.model is None or not len(rows):
        return NOTHING
    known = shelf.model_row[rows]
    known = known[known >= 0]
    if not len(known):
        return NOTHING
    scored = score_history(shelf.model.arrays, known, shelf.model.params, content=content)
    return from_scored(shelf, question, scored)
