"""Item neighbours by common shoppers, by hand-counted examples."""

import numpy as np
import pytest
from scipy import sparse

from apps.recommend.ml.itemknn import ItemKnnParams, fit_itemknn, to_choices
from apps.recommend.ml.neighbours import Neighbours
from apps.recommend.ml.sequences import Sequences

PLAIN = ItemKnnParams(shrinkage=0.0, shopper_exponent=0.0)


def sequences(owner: list[int], item: list[int], weight: list[float] | None = None) -> Sequences:
    return Sequences(
        sequence=np.array(owner, dtype=np.int32),
        item=np.array(item, dtype=np.int32),
        weight=np.array(weight or [1.0] * len(item)),
        time=np.arange(len(item), dtype=np.float64),
    )


def weight_of(lists: Neighbours, row: int, column: int) -> float:
    inner = slice(int(lists.indptr[row]), int(lists.indptr[row + 1]))
    return float(lists.weights[inner][lists.indices[inner] == column][0])


class TestToChoices:
    def test_the_greatest_weight_of_an_item_counts_once(self) -> None:
        made = to_choices(sequences([0, 0, 0], [1, 1, 0], [2.0, 3.0, 1.0]), 2, PLAIN)
        assert made.toarray().tolist() == [[1.0, 3.0]]

    def test_sequences_without_events_have_no_row(self) -> None:
        assert to_choices(sequences([3, 7], [0, 1]), 2, PLAIN).toarray().tolist() == [[1.0, 0.0], [0.0, 1.0]]

    def test_only_the_newest_items_of_a_busy_shopper(self) -> None:
        params = ItemKnnParams(shopper_exponent=0.0, max_items=2)
        assert to_choices(sequences([0, 0, 0, 1], [0, 1, 2, 0]), 3, params).toarray().tolist() == [[0, 1, 1], [1, 0, 0]]

    def test_a_busy_shopper_counts_less(self) -> None:
        params = ItemKnnParams(shopper_exponent=1.0)
        made = to_choices(sequences([0, 0, 0, 0, 1], [0, 1, 2, 3, 0]), 4, params).toarray()
        assert made.tolist() == [[0.5] * 4, [1.0, 0.0, 0.0, 0.0]]

    def test_what_weighs_nothing_is_no_choice(self) -> None:
        assert to_choices(sequences([0, 0], [0, 1], [0.0, 1.0]), 2, PLAIN).nnz == 1


class TestFitItemknn:
    def test_is_the_cosine_without_shrinkage(self) -> None:
        choices = sparse.csr_array(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]))
        lists = fit_itemknn(choices, PLAIN)
        assert weight_of(lists, 0, 1) == pytest.approx(2 / 6**0.5)
        assert weight_of(lists, 0, 2) == pytest.approx(1 / 3**0.5)

    def test_shrinkage_holds_down_what_few_share(self) -> None:
        choices = sparse.csr_array(np.array([[1.0, 1.0], [0.0, 0.0]]))
        assert weight_of(fit_itemknn(choices, ItemKnnParams(shrinkage=3.0)), 0, 1) == pytest.approx(1 / 4)

    def test_the_exponent_sets_who_is_divided_by(self) -> None:
        choices = sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]))
        lists = fit_itemknn(choices, ItemKnnParams(shrinkage=0.0, column_exponent=0.0))
        assert (weight_of(lists, 0, 1), weight_of(lists, 1, 0)) == (1.0, 0.25)

    def test_blocks_change_nothing(self) -> None:
        choices = sparse.csr_array(sparse.random_array((30, 20), density=0.3, rng=np.random.default_rng(1)))
        whole, cut = fit_itemknn(choices, PLAIN), fit_itemknn(choices, PLAIN, block=3)
        assert all(np.array_equal(left, right) for left, right in zip(whole, cut, strict=True))
