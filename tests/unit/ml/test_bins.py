"""Numbers as bins, and trees over bins as trees over the numbers."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from apps.recommend.ml.bins import find_edges, to_bins
from apps.recommend.ml.treeexport import to_trees
from apps.recommend.ml.trees import add_up, find_fault


def lines(count: int, *, seed: int = 3) -> np.ndarray:
    """A continuous column, one of few values, a constant one, and one where most are equal."""
    random = np.random.default_rng(seed)
    mostly = np.where(random.random(count) < 0.9, 0.0, random.random(count))
    columns = (random.standard_normal(count), random.integers(0, 4, count), np.ones(count), mostly)
    return np.stack(columns, axis=1).astype(np.float32)


class TestFindEdges:
    def test_few_values_have_an_edge_at_each_but_the_last(self) -> None:
        edges = find_edges(lines(1_000), 63)
        assert edges[1].tolist() == [0.0, 1.0, 2.0]
        assert edges[2].tolist() == []

    def test_bins_are_equally_filled(self) -> None:
        told = lines(6_300)
        filled = np.bincount(to_bins(told, find_edges(told, 63))[:, 0])
        assert len(filled) == 63
        assert (filled.min(), filled.max()) == (100, 100)

    def test_edges_ascend_and_none_comes_twice(self) -> None:
        for column in find_edges(lines(5_000), 16):
            assert (np.diff(column) > 0).all()


class TestToBins:
    def test_an_edge_belongs_to_the_bin_below_it(self) -> None:
        edges = [np.array([1.0, 2.0], dtype=np.float32)]
        numbers = np.array([[0.0], [1.0], [1.5], [2.0], [9.0]], dtype=np.float32)
        assert to_bins(numbers, edges)[:, 0].tolist() == [0, 0, 1, 1, 2]


class TestToTrees:
    @pytest.mark.parametrize("bins", [8, 63, 255])
    def test_the_sum_is_what_the_model_says(self, bins: int) -> None:
        told, asked = lines(4_000), lines(2_000, seed=4)
        random = np.random.default_rng(5)
        right = told[:, 0] + told[:, 1] + random.standard_normal(len(told)) > 3.0
        weight = random.choice([1.0, 3.5], len(told))
        edges = find_edges(told, bins)
        model = HistGradientBoostingClassifier(max_iter=20, max_bins=bins, early_stopping=False, random_state=1)
        model.fit(to_bins(told, edges), right, sample_weight=weight)
        trees = to_trees(model, edges)
        assert find_fault(trees, told.shape[1]) is None
        found = np.empty(len(asked), dtype=np.float32)
        add_up(trees, asked, found)
        logit = model.decision_function(to_bins(asked, edges))
        constant = float(np.ravel(model._baseline_prediction)[0])
        assert np.allclose(found + constant, logit, atol=1e-5)
