"""What every algorithm promises, whatever it computes."""

import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest

from tests.suites.algorithms.choosers import CHOOSERS, SLATE
from tests.suites.algorithms.engine_parts import ENGINE_PARTS
from tests.suites.algorithms.fitted import FITTED
from tests.suites.algorithms.subjects import KNOWN, KNOWN_ITEMS, Algorithm, Arrays, Chains

ALGORITHMS = [*FITTED, *ENGINE_PARTS, *CHOOSERS]
every = pytest.mark.parametrize("algorithm", ALGORITHMS, ids=str)


def make_chains(shoppers: int, n_items: int, seed: int = 7) -> Chains:
    return np.random.default_rng(seed).integers(0, n_items, (shoppers, 6)).tolist()  # type: ignore[no-any-return]  # of a two-dimensional array


def faults(algorithm: Algorithm, arrays: Arrays, n_items: int) -> list[str]:
    """Return where names, types, shapes or values are not as promised."""
    lengths = {"items": n_items, "items + 1": n_items + 1, "slate": min(SLATE, n_items)}
    found = [] if arrays.keys() == algorithm.arrays.keys() else [f"arrays {sorted(arrays)}"]
    for name, (dtype, shape) in algorithm.arrays.items():
        array = arrays[name]
        wanted = [
            lengths.get(axis, size if axis == "any" else int(axis) if axis.isdigit() else -1)
            for axis, size in zip(shape, array.shape, strict=True)
        ]
        if array.dtype != np.dtype(dtype) or list(array.shape) != wanted:
            found.append(f"{name} is {array.dtype} {array.shape}, not {dtype} {wanted}")
        if not np.isfinite(array).all():
            found.append(f"{name} holds what is no number")
    return found


@every
class TestEvery:
    def test_known_answer(self, algorithm: Algorithm) -> None:
        assert algorithm.told(algorithm.run(KNOWN, KNOWN_ITEMS, 1)) == algorithm.known

    def test_nothing_to_learn_from(self, algorithm: Algorithm) -> None:
        arrays = algorithm.run([], 4, 1)
        assert (algorithm.told(arrays), faults(algorithm, arrays, 4)) == (algorithm.of_nothing, [])

    @pytest.mark.parametrize(("chains", "n_items"), [([], 0), ([[0]], 1), ([[0, 0, 0]], 1), ([[0], [0]], 1)])
    def test_no_item_and_a_single_one(
        self, algorithm: Algorithm, chains: Sequence[Sequence[int]], n_items: int
    ) -> None:
        assert faults(algorithm, algorithm.run(chains, n_items, 1), n_items) == []

    def test_an_item_that_nobody_chose(self, algorithm: Algorithm) -> None:
        assert algorithm.unseen(algorithm.run(KNOWN, KNOWN_ITEMS, 1))

    def test_same_data_and_seed_same_arrays(self, algorithm: Algorithm) -> None:
        chains = make_chains(40, 30)
        once, again = algorithm.run(chains, 30, 5), algorithm.run(chains, 30, 5)
        assert all(np.array_equal(once[name], again[name]) for name in algorithm.arrays)

    def test_what_it_is_given_stays_as_it_was(self, algorithm: Algorithm) -> None:
        chains = make_chains(40, 30)
        kept = [list(chain) for chain in chains]
        algorithm.run(chains, 30, 5)
        assert [list(chain) for chain in chains] == kept

    def test_types_and_shapes(self, algorithm: Algorithm) -> None:
        assert faults(algorithm, algorithm.run(make_chains(40, 30), 30, 5), 30) == []

    def test_memory_grows_no_faster_than_the_data(self, algorithm: Algorithm) -> None:
        small, large = (_peak(algorithm, times) for times in (1, 4))
        assert large <= 4 * small * 1.25


def _peak(algorithm: Algorithm, times: int) -> int:
    """Return the bytes that were held at most while so many times the data were worked on."""
    chains = make_chains(500 * times, 250 * times)
    algorithm.run(chains[:10], 250 * times, 1)  # what is made once does not count
    tracemalloc.start()
    algorithm.run(chains, 250 * times, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
