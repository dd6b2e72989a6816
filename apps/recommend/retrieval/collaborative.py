"""What shoppers with a like history went on to: co-visitation, blended with content and popularity."""

from apps.recommend.columns import Candidates, Question, Shelf, ask_model


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return what fits the shopper's history; nothing without a history or a model."""
    return ask_model(shelf, question, question.history, weights=question.history_weights)


def find_for_context(shelf: Shelf, question: Question) -> Candidates:
    """Return what was looked at together with the items of the page, by behaviour alone."""
    return ask_model(shelf, question, question.context, content=0.0)
