"""Habits in an artifact: what was stored comes back, what does not fit is refused, and none is no fault."""

from dataclasses import replace

import numpy as np
import pytest

from apps.recommend.ml.habits import Assortment, Habits, Sold, fit_habits
from apps.recommend.ml.sequences import Sequences
from apps.recommend.registry.habit_arrays import EXPECTED, to_arrays, to_habits


def habits() -> Habits:
    """Return habits of three items: the first two were bought together in one store."""
    sold = Sold(
        shopper=np.array([0, 0, 1, 1], dtype=np.int32),
        basket=np.array([0, 0, 1, 1], dtype=np.int32),
        item=np.array([0, 1, 0, 1], dtype=np.int32),
        store=np.zeros(4, dtype=np.int32),
        time=np.arange(4.0),
    )
    assortment = Assortment(
        item_type=np.zeros(3, dtype=np.int32),
        health=np.zeros(3, dtype=np.bool_),
        category_indptr=np.array([0, 1, 2, 3], dtype=np.int32),
        category_indices=np.zeros(3, dtype=np.int32),
        n_categories=1,
    )
    events = Sequences(sold.shopper, sold.item, np.ones(4), sold.time)
    return replace(fit_habits(sold, events, assortment, n_stores=1), store_ids=["here"], category_ids=["all"])


class TestToHabits:
    def test_returns_what_was_stored(self) -> None:
        kept = habits()
        found, misfit = to_habits(to_arrays(kept), 3)
        assert misfit is None
        assert found is not None
        assert (found.store_ids, found.category_ids, found.words) == (["here"], ["all"], [])
        assert found.sold.tolist() == kept.sold.tolist()
        assert found.of_stores.indices.tolist() == kept.of_stores.indices.tolist()
        assert found.repeats.again.tolist() == kept.repeats.again.tolist()

    def test_an_older_artifact_has_none(self) -> None:
        assert to_habits({"popularity": np.ones(3, dtype=np.float32)}, 3) == (None, None)

    @pytest.mark.parametrize("name", ["habit_sold", "habit_bought_indices", "habit_again"])
    def test_a_part_that_is_missing_is_named(self, name: str) -> None:
        arrays = to_arrays(habits())
        del arrays[name]
        assert to_habits(arrays, 3) == (None, f"the array {name} is missing or not of type {EXPECTED[name]}")

    def test_another_number_of_items_does_not_fit(self) -> None:
        assert to_habits(to_arrays(habits()), 4)[1] is not None

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("habit_of_stores_indices", np.array([0, 9], dtype=np.int32)),
            ("habit_of_stores_length", np.array([5], dtype=np.int32)),
            ("habit_sold", np.array([1.0, np.nan, 0.0], dtype=np.float32)),
            ("habit_spread", np.array([0.0])),
            ("habit_again", np.zeros((3, 0), dtype=np.float32)),
        ],
    )
    def test_what_would_be_read_beyond_its_end_is_refused(self, name: str, value: np.ndarray) -> None:
        assert to_habits(to_arrays(habits()) | {name: value}, 3)[1] is not None
