"""What completes an item: of the kinds that go with its kind, what suits it, what is bought with it first."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from apps.recommend.columns import Question, Shelf
from apps.recommend.optics.complements import Kind, complements_of, kind_of, suits
from apps.recommend.shelves.choosing import may_answer
from apps.recommend.shelves.kinds import prepare
from apps.recommend.shelves.lists import add_up, habits_of

_TRIED = 24  # items of each kind that are looked at, in the order in which they sell


def facts_of(shelf: Shelf, row: int) -> tuple[str, Mapping[str, Any]]:
    """Return the type and the attributes of an item."""
    columns = shelf.columns
    return columns.item_types[columns.item_type[row]], columns.attributes[row]


def completing(shelf: Shelf, question: Question, row: int, *, most: int) -> list[int]:
    """Return rows that complete the item and may be answered: one of each kind by turns, the most wanted kind first.

    Of a kind, what is bought with the item comes before what sells. Never an item of its own kind.
    """
    item_type, facts = facts_of(shelf, row)
    learned = _learned(shelf, question, row)
    kinds = prepare(shelf)
    by_kind: list[list[int]] = []
    taken: set[int] = set()
    for kind in complements_of(item_type, facts):
        known = [one for one in learned if _is(shelf, one, kind)]
        offered = kinds.rows_of(kind)[: 4 * _TRIED]
        offered = offered[may_answer(offered, question)][:_TRIED]
        rows = [one for one in dict.fromkeys([*known, *offered.tolist()]) if one not in taken and one != row]
        fitting = [one for one in rows if suits(item_type, facts, *facts_of(shelf, one))]
        by_kind.append(fitting)
        taken.update(fitting)
    return by_turns(by_kind, most)


def by_turns(lists: list[list[int]], most: int) -> list[int]:
    """Return the first of each list, then the second of each."""
    deepest = max(map(len, lists), default=0)
    return [rows[turn] for turn in range(deepest) for rows in lists if turn < len(rows)][:most]


def _learned(shelf: Shelf, question: Question, row: int) -> list[int]:
    """Return what is bought with the item and may be answered, best first."""
    habits = habits_of(shelf)
    if habits is None:
        return []
    rows, weights, _ = add_up(shelf, habits.complements, np.array([row], dtype=np.int32))
    kept = np.flatnonzero(may_answer(rows, question))
    found: list[int] = rows[kept[np.argsort(-weights[kept], kind="stable")]].tolist()
    return found


def _is(shelf: Shelf, row: int, wanted: Kind) -> bool:
    kind = kind_of(*facts_of(shelf, row))
    return kind[0] == wanted[0] and wanted[1] in {"", kind[1]}
