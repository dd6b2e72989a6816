"""What many look at now."""

from apps.recommend.columns import Candidates, Question, Shelf, in_order


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return the most popular items that may be answered; none when no model says what is popular."""
    return in_order(shelf.popular, question)
