"""What every algorithm that makes neighbour lists promises beside the rest."""

from itertools import pairwise

import numpy as np
import pytest

from tests.suites.algorithms.engine_parts import LATENT_LISTS
from tests.suites.algorithms.fitted import LIST_MAKERS
from tests.suites.algorithms.subjects import Algorithm, to_lists

every = pytest.mark.parametrize("algorithm", [*LIST_MAKERS, LATENT_LISTS], ids=str)


@every
class TestLists:
    def test_no_item_is_its_own_neighbour(self, algorithm: Algorithm) -> None:
        lists = to_lists(algorithm.run([[0, 1, 0, 2], [1, 2, 1], [0, 1], [3]], 4, 1))
        assert [row for row, found in enumerate(lists) if row in found] == []

    def test_at_most_k_neighbours(self, algorithm: Algorithm) -> None:
        lists = to_lists(algorithm.run([list(range(8)), list(range(8)), [8, 9], [8, 9], [10]], 20, 1))
        assert max(len(found) for found in lists) == 3

    def test_weights_fall_and_are_above_nothing(self, algorithm: Algorithm) -> None:
        arrays = algorithm.run([[0, 1, 2], [0, 1, 3], [0, 1, 2, 3, 4], [5, 6], [5, 6], [7]], 12, 1)
        bounds, weights = arrays["indptr"].tolist(), arrays["weights"]
        rows = [weights[start:stop] for start, stop in pairwise(bounds)]
        assert weights.size > 0
        assert bool((weights > 0).all())
        assert [row.tolist() for row in rows if np.any(np.diff(row) > 0)] == []

    def test_lists_fit_their_bounds(self, algorithm: Algorithm) -> None:
        arrays = algorithm.run([[0, 1, 2], [1, 2], [1, 2], [3]], 6, 1)
        indptr = arrays["indptr"]
        assert (int(indptr[0]), int(indptr[-1])) == (0, len(arrays["indices"]))
        assert arrays["indices"].shape == arrays["weights"].shape
        assert bool((np.diff(indptr) >= 0).all())
