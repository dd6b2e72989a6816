"""What every twin counts: the same from the same events."""

from dataclasses import fields

import numpy as np
import pytest

from apps.recommend.ml.covisitation import CovisitationParams
from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.ml.sequences import Sequences
from apps.recommend.training.counting import Counter
from specrec.kernel.errors import Invalid
from tests.suites.counting.events import dense, events, in_turn, plainly, random_events

PLAIN = CovisitationParams(window=3, gap_decay=0.5, backward=0.25, pause_hours=1.0, pause_factor=0.5)
FORWARD = CovisitationParams(window=1, backward=0.0)
DTYPES = {
    "start": "int64",
    "length": "int32",
    "indices": "int32",
    "counts": "float32",
    "row_sums": "float64",
    "column_sums": "float64",
}
SEEDS = (20_261_123, 20_261_124)


def count(counter: Counter, sequences: Sequences, n_items: int, params: CovisitationParams = PLAIN) -> PairCounts:
    return counter(sequences, n_items, {"pairs": params})["pairs"]


class TestCount:
    def test_a_step_counts_forward_and_a_share_of_it_backward(self, counter: Counter) -> None:
        assert dense(count(counter, in_turn(0, 1), 2)).tolist() == [[0.0, 1.0], [0.25, 0.0]]

    def test_further_steps_count_less_and_those_beyond_the_window_nothing(self, counter: Counter) -> None:
        assert dense(count(counter, in_turn(0, 1, 2, 3, 4), 5))[0].tolist() == [0.0, 1.0, 0.5, 0.25, 0.0]

    def test_the_weight_is_that_of_the_later_event(self, counter: Counter) -> None:
        table = count(counter, events((0, 0, 5.0, 0.0), (0, 1, 3.0, 1.0)), 2, FORWARD)
        assert dense(table).tolist() == [[0.0, 3.0], [0.0, 0.0]]

    def test_a_pause_weakens_what_is_further_apart_than_it(self, counter: Counter) -> None:
        table = count(counter, events((0, 0, 1.0, 0.0), (0, 1, 1.0, 3_600.0), (0, 2, 1.0, 7_201.0)), 3, FORWARD)
        assert dense(table)[[0, 1], [1, 2]].tolist() == [1.0, 1.0]
        weakened = count(counter, events((0, 0, 1.0, 0.0), (0, 1, 1.0, 3_600.0), (0, 2, 1.0, 7_201.0)), 3)
        assert dense(weakened)[[0, 1, 0], [1, 2, 2]].tolist() == [1.0, 0.5, 0.25]

    def test_a_run_is_one_event_with_its_heaviest_weight_and_last_time(self, counter: Counter) -> None:
        run = [(0, 0, 1.0, 0.0), (0, 1, 3.0, 10.0), (0, 1, 2.0, 5_000.0), (0, 2, 1.0, 5_001.0)]
        assert dense(count(counter, events(*run), 3))[[0, 1, 0], [1, 2, 2]].tolist() == [1.5, 1.0, 0.25]

    def test_a_return_to_an_item_is_no_pair_with_itself(self, counter: Counter) -> None:
        assert dense(count(counter, in_turn(0, 1, 0), 2)).tolist() == [[0.0, 1.25], [1.25, 0.0]]

    def test_equal_times_keep_their_order(self, counter: Counter) -> None:
        table = count(counter, events((0, 2, 1.0, 7.0), (0, 0, 1.0, 7.0), (0, 1, 1.0, 7.0)), 3, FORWARD)
        assert np.argwhere(dense(table)).tolist() == [[0, 1], [2, 0]]

    def test_two_sequences_are_not_one(self, counter: Counter) -> None:
        assert count(counter, events((3, 0, 1.0, 0.0), (4, 1, 1.0, 1.0)), 2).length.tolist() == [0, 0]

    def test_what_weighs_nothing_has_no_entry(self, counter: Counter) -> None:
        table = count(counter, events((0, 0, 1.0, 0.0), (0, 1, 0.0, 1.0), (0, 2, 1.0, 2.0)), 3, FORWARD)
        assert (table.indices.tolist(), table.counts.tolist()) == ([2], [1.0])

    def test_the_unit_is_made_of_the_nearest_steps_alone(self, counter: Counter) -> None:
        table = count(counter, events((0, 0, 1.0, 0.0), (0, 1, 3.0, 1.0), (0, 2, 1.0, 9_000.0)), 3)
        assert (table.step_sum, table.step_count) == (3.5, 2.0)

    def test_of_no_events_nothing_is_counted(self, counter: Counter) -> None:
        table = count(counter, events(), 3)
        assert (table.length.tolist(), len(table.indices), table.step_count) == ([0, 0, 0], 0, 0.0)

    def test_of_a_single_event_nothing_is_counted(self, counter: Counter) -> None:
        table = count(counter, in_turn(0), 1)
        assert (table.start.tolist(), table.length.tolist(), table.step_count) == ([0], [0], 0.0)

    def test_each_table_has_its_name(self, counter: Counter) -> None:
        tables = counter(in_turn(0, 1, 2), 3, {"near": FORWARD, "far": PLAIN})
        assert {name: len(table.indices) for name, table in tables.items()} == {"near": 2, "far": 6}

    def test_arrays_have_their_types(self, counter: Counter) -> None:
        table = count(counter, in_turn(0, 1, 2), 3)
        assert {name: str(getattr(table, name).dtype) for name in DTYPES} == DTYPES
        assert {name.name for name in fields(PairCounts)} == {*DTYPES, "step_sum", "step_count"}

    @pytest.mark.parametrize("seed", SEEDS)
    def test_it_is_what_the_definition_says(self, counter: Counter, seed: int) -> None:
        sequences = random_events(seed=seed, count=2_000, sequences=60, items=40)
        params = CovisitationParams()
        table, said = count(counter, sequences, 40, params), plainly(sequences, 40, params)
        np.testing.assert_allclose(dense(table), said, rtol=1e-6)
        np.testing.assert_allclose(table.row_sums, said.sum(axis=1), rtol=1e-12)
        np.testing.assert_allclose(table.column_sums, said.sum(axis=0), rtol=1e-12)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_rows_follow_each_other_with_ascending_columns(self, counter: Counter, seed: int) -> None:
        table = count(counter, random_events(seed=seed, count=500, sequences=20, items=12), 12)
        ends = np.cumsum(table.length)
        assert table.start.tolist() == (ends - table.length).tolist()
        rows = np.split(table.indices, ends[:-1])
        assert all((np.diff(row) > 0).all() for row in rows)

    @pytest.mark.parametrize("item", [-1, 2])
    def test_an_item_without_a_row_is_refused(self, counter: Counter, item: int) -> None:
        with pytest.raises(Invalid) as refused:
            count(counter, in_turn(0, item), 2)
        assert (refused.value.code, refused.value.field) == ("unknown_item", "item")

    @pytest.mark.parametrize("order", [(1, 0), (-1, 0)])
    def test_sequences_that_do_not_lie_together_are_refused(self, counter: Counter, order: tuple[int, int]) -> None:
        with pytest.raises(Invalid) as refused:
            count(counter, events((order[0], 0, 1.0, 0.0), (order[1], 1, 1.0, 1.0)), 2)
        assert (refused.value.code, refused.value.field) == ("unordered_events", "sequence")

    def test_columns_of_other_lengths_are_refused(self, counter: Counter) -> None:
        uneven = Sequences(*(np.zeros(length, dtype) for length, dtype in ((2, "i4"), (2, "i4"), (1, "f8"), (2, "f8"))))
        with pytest.raises(Invalid) as refused:
            count(counter, uneven, 2)
        assert refused.value.code == "uneven_events"
