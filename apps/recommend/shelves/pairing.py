"""What completes an item: of the kinds that go with its kind, what suits it, what is bought with it first."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from apps.recommend.columns import Question, Shelf
from apps.recommend.optics.complements import Kind, complements_of, fits, is_of, kind_of
from apps.recommend.shelves.choosing import may_answer
from apps.recommend.shelves.kinds import prepare
from apps.recommend.shelves.lists import add_up, habits_of

_TRIED = 24  # items of each kind that are looked at, in the order in which they sell
Item = tuple[str, Mapping[str, Any]]


def facts_of(shelf: Shelf, row: int) -> Item:
    """Return the type and the attributes of an item."""
    columns = shelf.columns
    return columns.item_types[columns.item_type[row]], columns.attributes[row]


def completing(shelf: Shelf, question: Question, row: int, *, most: int) -> list[int]:
    """Return rows that complete the item and may be answered: one of each kind by turns, the most wanted kind first.

    Of a kind, what is bought with the item comes before what sells. Never an item of its own kind.
    """
    item = facts_of(shelf, row)
    learned = [(one, kind_of(*facts_of(shelf, one))) for one in _learned(shelf, question, row)[:_TRIED]]
    taken = {row}
    waiting: list[Iterator[int]] = []
    for kind in complements_of(*item):
        known = [one for one, its_kind in learned if is_of(its_kind, kind)]
        waiting.append(_fitting(shelf, question, item, known, kind))
    found: list[int] = []
    while waiting and len(found) < most:
        for rows in tuple(waiting):
            one = next((one for one in rows if one not in taken), None)
            if one is None:
                waiting.remove(rows)
            else:
                found.append(one)
                taken.add(one)
    return found[:most]


def by_turns(lists: list[list[int]], most: int) -> list[int]:
    """Return the first of each list, then the second of each."""
    deepest = max(map(len, lists), default=0)
    return [rows[turn] for turn in range(deepest) for rows in lists if turn < len(rows)][:most]


def _fitting(shelf: Shelf, question: Question, item: Item, learned: list[int], kind: Kind) -> Iterator[int]:
    """Yield the rows of a kind that suit the item, those bought with it first; no more is looked at than is taken."""
    kinds, own = prepare(shelf), kind_of(*item)
    offered = kinds.rows_of(kind)[: 4 * _TRIED]
    offered = offered[may_answer(offered, question)][:_TRIED]
    for one in dict.fromkeys([*learned, *offered.tolist()]):
        facts = kinds.facts.get(one)
        if facts is None:
            facts = kinds.facts[one] = facts_of(shelf, one)
        if kind_of(*facts) != own and fits(*item, *facts):
            yield one


def _learned(shelf: Shelf, question: Question, row: int) -> list[int]:
    """Return what is bought with the item and may be answered, best first."""
    habits = habits_of(shelf)
    if habits is None:
        return []
    rows, weights, _ = add_up(shelf, habits.complements, np.array([row], dtype=np.int32))
    kept = np.flatnonzero(may_answer(rows, question))
    found: list[int] = rows[kept[np.argsort(-weights[kept], kind="stable")]].tolist()
    return found
