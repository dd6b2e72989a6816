"""What shoppers with a like history went on to: candidates of every source, put in order by the ranker."""

from apps.recommend.columns import NOTHING, Candidates, Question, Shelf, ask_model


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return what fits the shopper's history; nothing without a history or a model."""
    if shelf.model is None:
        return NOTHING
    return ask_model(shelf, question, question.history, engine=shelf.model.engine, weights=question.history_weights)


def find_for_context(shelf: Shelf, question: Question) -> Candidates:
    """Return what was looked at together with the items of the page, by behaviour alone."""
    if shelf.model is None:
        return NOTHING
    return ask_model(shelf, question, question.context, engine=shelf.model.behaviour)
