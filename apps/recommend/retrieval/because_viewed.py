"""What goes with the one item that the shopper looked at last: a list that can be headed "Because you viewed ..."."""

import numpy as np

from apps.recommend import conf
from apps.recommend.columns import NOTHING, Candidates, Question, Shelf, ask_model

_TRIED = 5  # newest items that are asked for, until one leads to something
_FEW = 4  # fewer than this make no list of their own while an older item has more


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return what was looked at after the newest item of the history, or else is like it; one item leads to all.

    An item that must not be named on a screen leads only where no other can.
    """
    if shelf.model is None:
        return NOTHING
    fallen_back = NOTHING
    for row in _leaders(shelf, question):
        leader = np.array([row], dtype=np.int32)
        found = ask_model(shelf, question, leader, engine=shelf.model.behaviour)
        if len(found.rows) < _FEW:
            alike = ask_model(shelf, question, leader, engine=shelf.model.alike)
            found = alike if len(alike.rows) > len(found.rows) else found
        if len(found.rows) >= min(_FEW, question.limit):
            return found
        fallen_back = found if len(found.rows) > len(fallen_back.rows) else fallen_back
    return fallen_back


def _leaders(shelf: Shelf, question: Question) -> list[int]:
    """Return the newest rows of the history, those that may be named before those that may not."""
    columns = shelf.columns
    newest = question.history[::-1][: 2 * _TRIED].tolist()
    named = [row for row in newest if columns.item_types[columns.item_type[row]] not in conf.UNNAMED_ITEM_TYPES]
    return [*named[:_TRIED], *(row for row in newest[:_TRIED] if row not in named)]
