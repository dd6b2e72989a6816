"""Co-visitation: direction, distance, pauses, repeats."""

import numpy as np
import pytest

from apps.recommend.ml.covisitation import CovisitationParams, collapse_repeats, count_pairs, normalised
from apps.recommend.ml.sequences import Sequences

PLAIN = CovisitationParams(gap_decay=0.5, backward=0.25, pause_hours=1.0, pause_factor=0.5)


def sequences(*items: int, weight: list[float] | None = None, time: list[float] | None = None) -> Sequences:
    count = len(items)
    return Sequences(
        sequence=np.zeros(count, dtype=np.int32),
        item=np.array(items, dtype=np.int32),
        weight=np.array(weight or [1.0] * count),
        time=np.array(time or list(range(count)), dtype=np.float64),
    )


class TestCountPairs:
    def test_a_step_counts_forward_and_a_share_of_it_backward(self) -> None:
        counts = count_pairs(sequences(0, 1), 2, PLAIN).toarray()
        assert counts.tolist() == [[0.0, 1.0], [0.25, 0.0]]

    def test_a_further_step_counts_less(self) -> None:
        counts = count_pairs(sequences(0, 1, 2), 3, PLAIN).toarray()
        assert counts[0].tolist() == [0.0, 1.0, 0.5]

    def test_beyond_the_window_nothing_counts(self) -> None:
        params = CovisitationParams(window=1, backward=0.0)
        assert count_pairs(sequences(0, 1, 2), 3, params).toarray()[0].tolist() == [0.0, 1.0, 0.0]

    def test_a_pause_weakens_relative_to_the_average_step(self) -> None:
        counts = count_pairs(sequences(0, 1, 2, time=[0.0, 1.0, 7_200.0]), 3, PLAIN).toarray()
        assert counts[1, 2] / counts[0, 1] == pytest.approx(0.5)

    def test_the_scale_of_event_weights_changes_nothing(self) -> None:
        light = count_pairs(sequences(0, 1, 2), 3, PLAIN).toarray()
        heavy = count_pairs(sequences(0, 1, 2, weight=[3.0, 3.0, 3.0]), 3, PLAIN).toarray()
        assert np.allclose(light, heavy)

    def test_two_shoppers_are_not_one(self) -> None:
        events = Sequences(
            sequence=np.array([0, 1], dtype=np.int32),
            item=np.array([0, 1], dtype=np.int32),
            weight=np.ones(2),
            time=np.zeros(2),
        )
        assert count_pairs(events, 2, PLAIN).nnz == 0


class TestCollapseRepeats:
    def test_a_run_becomes_one_event_with_its_heaviest_weight_and_last_time(self) -> None:
        events = collapse_repeats(sequences(4, 4, 4, 5, weight=[1.0, 3.0, 2.0, 1.0], time=[1.0, 2.0, 3.0, 4.0]))
        assert (events.item.tolist(), events.weight.tolist(), events.time.tolist()) == ([4, 5], [3.0, 1.0], [3.0, 4.0])

    def test_a_return_to_an_item_stays(self) -> None:
        assert collapse_repeats(sequences(4, 5, 4)).item.tolist() == [4, 5, 4]


class TestNormalised:
    def test_divides_by_powers_of_the_smoothed_sums(self) -> None:
        params = CovisitationParams(row_exponent=0.5, column_exponent=1.0, smoothing=3.0)
        counts = count_pairs(sequences(0, 1), 2, CovisitationParams(backward=0.0))
        assert normalised(counts, params).toarray()[0, 1] == pytest.approx(1.0 / (4.0**0.5 * 4.0))
