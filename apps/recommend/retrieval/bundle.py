"""A set: the item of the page with the two things that complete it best, to be bought together."""

from apps.recommend.columns import NOTHING, Candidates, Question, Shelf
from apps.recommend.shelves.choosing import falling
from apps.recommend.shelves.pairing import completing

PARTS = 2  # beside the item itself


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return what makes a set with the first item of the page, each of another kind; nothing where less than all is.

    An item that cannot be had itself has no set: its price could not be said.
    """
    if not len(question.context):
        return NOTHING
    row = int(question.context[0])
    if not question.about.offer.available[row]:
        return NOTHING
    parts = completing(shelf, question, row, most=min(PARTS, question.limit))
    return falling(parts, [row] * len(parts)) if len(parts) == min(PARTS, question.limit) else NOTHING
