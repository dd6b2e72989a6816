"""What is chosen more often now than it used to be, whatever the site as a whole does."""

import numpy as np

from apps.recommend.columns import NOTHING, Candidates, Question, Shelf
from apps.recommend.ml.habits import Habits
from apps.recommend.shelves.derived import derive
from apps.recommend.shelves.lists import first_of, habits_of

NAME = "trending"
_RISE = 0.1  # logarithm: what rises by less than a tenth is as usual


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return what rises most, of what may be answered; nothing without a model or where nothing rises."""
    habits = habits_of(shelf)
    if habits is None:
        return NOTHING
    order, values = prepare(shelf, habits)
    return first_of(shelf, order, values, question)


def prepare(shelf: Shelf, habits: Habits) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of the model that rise, the fastest first, and by how much."""
    stamp = "" if shelf.model is None else shelf.model.stamp
    return derive(
        key=(shelf.columns.site_id, f"{NAME} {stamp}"),
        ground="",
        made_of=(habits,),
        make=lambda: order_of(habits.trend, _RISE),
    )


def order_of(values: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows whose value is above the least, falling, and their values."""
    order = np.argsort(-values, kind="stable")
    order = order[: int(np.count_nonzero(values > least))].astype(np.int32)
    return order, values[order]
