"""What sells best: in the category of the page, in the store of the request, or in the whole market."""

import numpy as np

from apps.recommend.columns import NOTHING, Candidates, Question, Shelf
from apps.recommend.ml.habits import Habits
from apps.recommend.ml.tables import Lists
from apps.recommend.shelves.derived import derive
from apps.recommend.shelves.lists import first_of, habits_of

NAME = "bestsellers"


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return what sells best where it is asked for: the store's own first, within the category where one is named.

    A store or category that is not known says nothing: the wider list answers then.
    """
    habits = habits_of(shelf)
    if habits is None:
        return NOTHING
    about = question.about
    of_category = _list_of(habits.of_categories, habits.category_ids, about.category_id)
    of_store = _list_of(habits.of_stores, habits.store_ids, about.store_id)
    if of_category is not None and of_store is not None:
        inside = np.isin(of_store[0], of_category[0])
        return first_of(shelf, *_after(of_store[0][inside], of_category), question)
    if of_category is not None:
        return first_of(shelf, *of_category, question)
    market = prepare(shelf, habits)
    return first_of(shelf, *(market if of_store is None else _after(of_store[0], market)), question)


def prepare(shelf: Shelf, habits: Habits) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of the model that sell at all, best first, and how much."""
    stamp = "" if shelf.model is None else shelf.model.stamp
    return derive(
        key=(shelf.columns.site_id, f"{NAME} {stamp}"), ground="", made_of=(habits,), make=lambda: _order(habits.sold)
    )


def _order(sold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(-sold, kind="stable")
    order = order[: int(np.count_nonzero(sold > 0.0))].astype(np.int32)
    return order, sold[order]


def _list_of(lists: Lists, names: object, name: str | None) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the list of this name, None where there is none or it is empty."""
    known: list[str] = list(names) if name is not None else []  # type: ignore[call-overload]  # a sequence of names
    if name is None or name not in known:
        return None
    at = known.index(name)
    part = slice(int(lists.start[at]), int(lists.start[at] + lists.length[at]))
    return (lists.indices[part], lists.weights[part]) if lists.length[at] else None


def _after(first: np.ndarray, then: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the first rows, then those of the other order that are not among them; scores fall along it."""
    rows = np.concatenate([first, then[0][~np.isin(then[0], first)]]) if len(then[0]) else first
    return rows, np.linspace(1.0, 0.0, len(rows), endpoint=False, dtype=np.float32)
