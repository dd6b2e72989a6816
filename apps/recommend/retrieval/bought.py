"""What those who bought the items of the page bought as well, at any time."""

from apps.recommend.columns import NOTHING, Candidates, Question, Shelf
from apps.recommend.shelves.lists import add_up, habits_of, ranked


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return what was bought by the same shoppers; nothing where too few bought any of the items.

    What leads from goods of everyday to those that say something of health was left out when it was learned.
    """
    habits = habits_of(shelf)
    if habits is None or not len(question.context):
        return NOTHING
    return ranked(*add_up(shelf, habits.bought, question.context), question)
