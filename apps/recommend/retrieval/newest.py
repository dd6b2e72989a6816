"""What has come in last."""

from apps.recommend.columns import Candidates, Question, Shelf, in_order


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return the newest items that may be answered; it needs nothing but the catalogue."""
    return in_order(shelf.newest, question)
