"""Counting pairs: a table known by hand, and the same as a counting by matrices."""

import numpy as np
import pytest

from apps.recommend.ml.covisitation import count_pairs
from apps.recommend.ml.pairtable import count
from tests.unit.ml.pair_samples import PARAMS, matrix, random_events, sequences_of


class TestCount:
    """Of `count`."""

    def test_known_answer(self) -> None:
        """Steps decay, a pause halves, the later event's weight counts, and a quarter counts backward."""
        counts = count(sequences_of([(0, 0, 1.0, 0.0), (0, 1, 2.0, 60.0), (0, 2, 4.0, 9_000.0)]), 3, PARAMS)
        forward = np.array([[0, 2.0, 1.0], [0, 0, 2.0], [0, 0, 0]])
        assert matrix(counts).tolist() == (forward + forward.T * 0.25).tolist()
        assert (counts.step_sum, counts.step_count) == (4.0, 2.0)

    def test_run_is_one_event(self) -> None:
        """With its heaviest weight and its last time."""
        run = [(0, 0, 1.0, 0.0), (0, 1, 3.0, 10.0), (0, 1, 1.0, 7_000.0)]
        assert matrix(count(sequences_of(run), 2, PARAMS)).tolist() == [[0.0, 1.5], [0.375, 0.0]]

    def test_sequences_are_apart(self) -> None:
        """The last of one and the first of the next are no pair."""
        counts = count(sequences_of([(0, 0, 1.0, 0.0), (1, 1, 1.0, 1.0)]), 2, PARAMS)
        assert (len(counts.indices), counts.step_count, counts.unit) == (0, 0.0, 1.0)

    def test_nothing_happened(self) -> None:
        """All rows are empty."""
        counts = count(sequences_of([]), 3, PARAMS)
        assert (counts.length.tolist(), len(counts.counts), counts.row_sums.tolist()) == ([0] * 3, 0, [0.0] * 3)

    def test_what_weighs_nothing_is_no_pair(self) -> None:
        """It would take room and say nothing."""
        assert len(count(sequences_of([(0, 0, 1.0, 0.0), (0, 1, 0.0, 1.0)]), 2, PARAMS).indices) == 0

    @pytest.mark.parametrize("items", [3, 12, 300])
    def test_as_by_matrices(self, items: int) -> None:
        """The same table, in units of a nearest pair, for short and for long rows."""
        events = random_events(7, 400, items=items)
        counts = count(events, items, PARAMS)
        assert np.allclose(matrix(counts) / counts.unit, count_pairs(events, items, PARAMS).toarray(), rtol=1e-6)

    def test_sums_are_those_of_the_table(self) -> None:
        """By row and by column."""
        counts = count(random_events(8, 400), 12, PARAMS)
        assert np.allclose(counts.row_sums, matrix(counts).sum(axis=1))
        assert np.allclose(counts.column_sums, matrix(counts).sum(axis=0))

    def test_types(self) -> None:
        """As they are promised."""
        counts = count(random_events(8, 40), 12, PARAMS)
        kinds = (counts.start, counts.length, counts.indices, counts.counts, counts.row_sums, counts.column_sums)
        assert [array.dtype.str for array in kinds] == ["<i8", "<i4", "<i4", "<f4", "<f8", "<f8"]
