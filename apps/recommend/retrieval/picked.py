"""What somebody chose by hand for the placement."""

from apps.recommend.columns import Candidates, Question, Shelf, in_order


def find(shelf: Shelf, question: Question) -> Candidates:  # noqa: ARG001 - the signature of every source
    """Return those of the placement's list that may be answered, in its order."""
    return in_order(question.about.picked, question)
