"""What this shopper looked at."""

from apps.recommend.columns import Candidates, Question, Shelf, in_order


def find(shelf: Shelf, question: Question) -> Candidates:  # noqa: ARG001 - the signature of every source
    """Return the items of the history that may still be answered, newest first."""
    return in_order(question.history[::-1], question)
