"""One suite for every algorithm that makes neighbour lists: what each must hold, whatever it computes."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from apps.recommend.ml.content import fit_content
from apps.recommend.ml.covisitation import CovisitationParams, fit_covisitation
from apps.recommend.ml.neighbours import Neighbours
from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.tokens import ContentParams, Described, fit_tokens

# Shoppers who each chose a chain of items. A chain says what belongs together: as an order, and as a common attribute.
Fit = Callable[[Sequence[Sequence[int]], int], Neighbours]


def covisitation(chains: Sequence[Sequence[int]], n_items: int) -> Neighbours:
    item = np.array([item for chain in chains for item in chain], dtype=np.int32)
    owner = np.repeat(np.arange(len(chains), dtype=np.int32), [len(chain) for chain in chains])
    sequences = Sequences(owner, item, np.ones(len(item)), np.arange(len(item), dtype=np.float64))
    return fit_covisitation(sequences, n_items, CovisitationParams(top_k=3))


def content(chains: Sequence[Sequence[int]], n_items: int) -> Neighbours:
    marks = [[str(number) for number, chain in enumerate(chains) if item in chain] for item in range(n_items)]
    described = Described(["generic"] * n_items, [""] * n_items, [""] * n_items, [{"chain": mark} for mark in marks])
    return fit_content(fit_tokens(described, ContentParams(max_share=0.6))[1], ContentParams(top_k=3))


@pytest.fixture(params=[covisitation, content], ids=["covisitation", "content"])
def fit(request: pytest.FixtureRequest) -> Fit:
    chosen: Fit = request.param
    return chosen


def of(lists: Neighbours, row: int) -> list[int]:
    return [int(column) for column in lists.indices[lists.indptr[row] : lists.indptr[row + 1]]]


class TestNeighbours:
    def test_known_answer(self, fit: Fit) -> None:
        lists = fit([[0, 1], [2, 3], [2, 3], [0, 1]], 5)
        assert [of(lists, row) for row in range(5)] == [[1], [0], [3], [2], []]

    def test_nothing_to_learn_from(self, fit: Fit) -> None:
        lists = fit([], 4)
        assert (lists.indptr.tolist(), lists.indices.size, lists.weights.size) == ([0, 0, 0, 0, 0], 0, 0)

    def test_no_items(self, fit: Fit) -> None:
        assert fit([], 0).indptr.tolist() == [0]

    def test_a_single_item_has_no_neighbour(self, fit: Fit) -> None:
        assert fit([[0]], 1).indptr.tolist() == [0, 0]

    def test_an_unseen_item_has_no_neighbour(self, fit: Fit) -> None:
        assert of(fit([[0, 1], [0, 1]], 4), 3) == []

    def test_no_item_is_its_own_neighbour(self, fit: Fit) -> None:
        lists = fit([[0, 1, 0, 2], [1, 2, 1]], 4)
        assert all(row not in of(lists, row) for row in range(4))

    def test_at_most_k_neighbours(self, fit: Fit) -> None:
        assert np.diff(fit([list(range(8)), list(range(8))], 20).indptr).max() == 3

    def test_weights_fall(self, fit: Fit) -> None:
        lists = fit([[0, 1, 2], [0, 1, 3], [0, 1, 2, 3, 4], [5, 6]], 12)
        for row in range(12):
            weights = lists.weights[lists.indptr[row] : lists.indptr[row + 1]]
            assert np.all(np.diff(weights) <= 0)

    def test_same_data_same_lists(self, fit: Fit) -> None:
        chains = [list(np.random.default_rng(7).integers(0, 30, 6)) for _ in range(40)]
        once, again = fit(chains, 30), fit(chains, 30)
        assert all(np.array_equal(left, right) for left, right in zip(once, again, strict=True))

    def test_types_and_shapes(self, fit: Fit) -> None:
        lists = fit([[0, 1, 2], [1, 2]], 6)
        assert [part.dtype for part in lists] == [np.int32, np.int32, np.float32]
        assert lists.indptr.shape == (7,)
        assert lists.indices.shape == lists.weights.shape == (lists.indptr[-1],)
