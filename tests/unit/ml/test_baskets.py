"""Complements: lift by hand, and what is bought instead of an item rather than with it."""

import numpy as np
import pytest
from scipy import sparse

from apps.recommend.ml.baskets import Baskets, ComplementParams, fit_complements, to_baskets
from apps.recommend.ml.neighbours import Neighbours

PARAMS = ComplementParams(shrinkage=1.0, min_together=2, popularity=0.0)
# Items: frame 0, case 1, solution A 2, solution B 3.
TOGETHER = [[0, 1], [0, 1], [0], [2], [2], [3]]


def baskets(rows: list[list[int]], n_items: int = 4, shoppers: list[int] | None = None) -> Baskets:
    items = np.zeros((len(rows), n_items))
    for number, row in enumerate(rows):
        items[number, row] = 1.0
    owner = np.arange(len(rows)) if shoppers is None else np.array(shoppers)
    return Baskets(sparse.csr_array(items), owner.astype(np.int32))


def of(lists: Neighbours, row: int) -> dict[int, float]:
    inner = slice(int(lists.indptr[row]), int(lists.indptr[row + 1]))
    return dict(zip(lists.indices[inner].tolist(), lists.weights[inner].tolist(), strict=True))


class TestToBaskets:
    def test_an_item_twice_in_a_basket_is_there_once(self) -> None:
        made = to_baskets(
            np.array([4, 4, 9], dtype=np.int32),
            np.array([1, 1, 0], dtype=np.int32),
            np.array([7, 7, 8], dtype=np.int32),
            2,
        )
        assert (made.items.toarray().tolist(), made.shopper.tolist()) == ([[0.0, 1.0], [1.0, 0.0]], [7, 8])


class TestFitComplements:
    def test_weighs_by_the_logarithm_of_the_shrunk_lift(self) -> None:
        lists = fit_complements(baskets(TOGETHER), PARAMS)
        expected = np.log((2 + 1) / (3 * 2 / 6 + 1))
        assert of(lists, 0) == pytest.approx({1: expected})
        assert of(lists, 1) == pytest.approx({0: expected})

    def test_popularity_weighs_by_the_share_of_the_items_baskets(self) -> None:
        lists = fit_complements(baskets(TOGETHER), ComplementParams(shrinkage=1.0, min_together=2, popularity=1.0))
        assert of(lists, 0)[1] / of(lists, 1)[0] == pytest.approx(2 / 3)

    def test_one_common_basket_says_nothing(self) -> None:
        assert of(fit_complements(baskets([[0, 1], [0], [2], [3]]), PARAMS), 0) == {}

    def test_what_chance_would_give_is_no_complement(self) -> None:
        assert fit_complements(baskets([[0, 1], [0, 1], [0, 1]]), PARAMS).indices.size == 0

    def test_great_baskets_are_left_out(self) -> None:
        params = ComplementParams(shrinkage=1.0, min_together=2, max_basket=1)
        assert fit_complements(baskets(TOGETHER), params).indices.size == 0

    def test_what_is_alike_is_a_substitute(self) -> None:
        alike = Neighbours(
            np.array([0, 1, 1, 1, 1], dtype=np.int32), np.array([1], dtype=np.int32), np.array([0.9], dtype=np.float32)
        )
        assert fit_complements(baskets(TOGETHER), PARAMS, content=alike).indices.size == 0

    def test_what_is_a_little_alike_is_none(self) -> None:
        alike = Neighbours(
            np.array([0, 1, 1, 1, 1], dtype=np.int32), np.array([1], dtype=np.int32), np.array([0.3], dtype=np.float32)
        )
        assert of(fit_complements(baskets(TOGETHER), PARAMS, content=alike), 0).keys() == {1}

    def test_what_is_changed_for_one_another_is_a_substitute(self) -> None:
        # One shopper buys solution A and B in turn, and twice both; others buy something else.
        rows = [[2], [3], [2], [3], [2], [3], [2, 3], [2, 3], *[[0]] * 12]
        switching = baskets(rows, shoppers=[0] * 8 + list(range(1, 13)))
        apart = baskets(rows)
        assert of(fit_complements(apart, PARAMS), 2).keys() == {3}
        assert of(fit_complements(switching, PARAMS), 2) == {}

    def test_what_is_often_looked_at_together_and_rarely_bought_so_is_a_substitute(self) -> None:
        rows = [*[[2, 3]] * 2, [2], [3], *[[0]] * 12]
        seen = sparse.csr_array(np.array([[0.0, 0, 1, 1]] * 30 + [[1.0, 0, 0, 0]] * 300))
        assert of(fit_complements(baskets(rows), PARAMS), 2).keys() == {3}
        assert of(fit_complements(baskets(rows), PARAMS, seen=seen), 2) == {}

    def test_blocks_change_nothing(self) -> None:
        rng = np.random.default_rng(3)
        made = baskets([sorted({*rng.integers(0, 30, 5).tolist()}) for _ in range(200)], 30, sorted([0, 1] * 100))
        whole, cut = fit_complements(made, PARAMS), fit_complements(made, PARAMS, block=7)
        assert whole.indices.size > 0
        assert all(np.array_equal(left, right) for left, right in zip(whole, cut, strict=True))
