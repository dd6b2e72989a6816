"""Which service comes next: a service is an item, and often the better answer than one more thing."""

import numpy as np

from apps.recommend import conf
from apps.recommend.columns import NOTHING, Candidates, Question, Shelf
from apps.recommend.optics.next_steps import ANYBODY, OF_PAGE, due_steps
from apps.recommend.shelves.choosing import falling, may_answer
from apps.recommend.shelves.kinds import Kinds, prepare

SERVICE = "service"


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return services: those due by what was bought when, then those that go with the page, then those for anybody.

    What of a shopper's purchases says something of health is read with that consent only, and no reason names it.
    """
    kinds = prepare(shelf)
    due = [kind for kind, _ in _due(shelf, question)]
    types = [shelf.columns.item_types[kind] for kind in shelf.columns.item_type[question.context].tolist()]
    of_page = [kind for item_type in types for kind in OF_PAGE.get(item_type, ())]
    # A context of somebody else's goods says nothing: what anybody may want comes where nothing else does.
    wanted = list(dict.fromkeys([*due, *of_page])) or list(ANYBODY)
    rows = _services(kinds, wanted, question)
    return falling(rows, [-1] * len(rows)) if rows else NOTHING


def _due(shelf: Shelf, question: Question) -> list[tuple[str, float]]:
    """Return what is due by the purchases that are known."""
    columns = shelf.columns
    bought: dict[str, tuple[float, float]] = {}
    had: dict[str, float] = {}
    for item_id, time in question.about.orders:
        row = columns.row_of.get(item_id)
        if row is None:
            continue
        item_type = columns.item_types[columns.item_type[row]]
        if item_type == SERVICE:
            kind = str(columns.attributes[row].get("kind") or "")
            had[kind] = max(had.get(kind, time), time)
            continue
        first, last = bought.get(item_type, (time, time))
        bought[item_type] = (min(first, time), max(last, time))
    return due_steps(bought, had, now=question.now, health=conf.HEALTH_PURPOSE in question.about.purposes)


def _services(kinds: Kinds, wanted: list[str], question: Question) -> list[int]:
    """Return one service of each kind that may be answered, the most wanted first, then the second of each."""
    found = [_allowed(kinds.rows_of((SERVICE, kind)), question) for kind in wanted]
    deepest = max((len(rows) for rows in found), default=0)
    turns = [rows[turn] for turn in range(deepest) for rows in found if turn < len(rows)]
    return turns[: question.limit]


def _allowed(rows: np.ndarray, question: Question) -> list[int]:
    allowed: list[int] = rows[may_answer(rows, question)].tolist()
    return allowed
