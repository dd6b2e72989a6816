"""What is like the items of the page, by attributes and text."""

from apps.recommend.columns import Candidates, Question, Shelf, ask_model


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return items like those of the page; nothing when the model holds none of them."""
    return ask_model(shelf, question, question.context, covisitation=0.0, content=1.0)
