"""What the words of a search describe: names, brands, texts and attributes, as the model learned them.

It is a stand-in with one face: a search engine may answer in its place by another `find` of the same signature.
"""

from apps.recommend.columns import NOTHING, Candidates, Question, Shelf
from apps.recommend.ml.wordlists import find_by_words
from apps.recommend.shelves.choosing import best
from apps.recommend.shelves.lists import habits_of

_POPULAR = 0.2  # how much being popular may add to what fits the words best


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return items that the words of the request describe, all of them before some; nothing without words."""
    habits = habits_of(shelf)
    if habits is None or not question.about.search:
        return NOTHING
    found, scores = find_by_words(habits.words, habits.of_words, question.about.search)
    if not len(found):
        return NOTHING
    rows = shelf.column_row[found]
    there = rows >= 0
    rows, scores = rows[there], scores[there]
    return best(rows, scores * (1.0 + _POPULAR * shelf.popularity[rows]), question)
