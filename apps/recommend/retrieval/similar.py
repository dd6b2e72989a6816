"""What is like the items of the page, by attributes and text."""

from apps.recommend.columns import NOTHING, Candidates, Question, Shelf, ask_model


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return items like those of the page; nothing when the model holds none of them."""
    if shelf.model is None:
        return NOTHING
    return ask_model(shelf, question, question.context, engine=shelf.model.alike)
