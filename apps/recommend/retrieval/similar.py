"""What is like the items of the page, by attributes and text."""

from apps.recommend.columns import NOTHING, Candidates, Question, Shelf, from_scored
from apps.recommend.ml.blend import score_history


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return items like those of the page; nothing when the model holds none of them."""
    if shelf.model is None or not len(question.context):
        return NOTHING
    known = shelf.model_row[question.context]
    known = known[known >= 0]
    if not len(known):
        return NOTHING
    scored = score_history(shelf.model.arrays, known, shelf.model.params, covisitation=0.0, content=1.0)
    return from_scored(shelf, question, scored)
