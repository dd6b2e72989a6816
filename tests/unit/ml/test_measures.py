"""Popularity, metrics and splits."""

import numpy as np
import pytest

from apps.recommend.ml.metrics import expected_mrr, expected_ndcg, expected_recall, place_of
from apps.recommend.ml.popularity import DAY, fit_popularity
from apps.recommend.ml.split import leave_last_out, split_by_time


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


class TestFitPopularity:
    def test_what_is_a_half_life_old_counts_half(self) -> None:
        time = np.array([0.0, 10 * DAY])
        popularity = fit_popularity(ints(0, 1), np.ones(2), time, 3, half_life_days=10)
        assert popularity.tolist() == pytest.approx([np.log(1.5) / np.log(2.0), 1.0, 0.0])

    def test_heavier_events_count_more(self) -> None:
        popularity = fit_popularity(ints(0, 1), np.array([1.0, 3.0]), np.zeros(2), 2, half_life_days=10)
        assert popularity.tolist() == pytest.approx([0.5, 1.0])

    def test_no_events(self) -> None:
        assert fit_popularity(ints(), np.empty(0), np.empty(0), 2, half_life_days=10).tolist() == [0.0, 0.0]


class TestMetrics:
    def test_first_place(self) -> None:
        assert (expected_recall(0, 0, 10), expected_ndcg(0, 0, 10), expected_mrr(0, 0, 10)) == (1.0, 1.0, 1.0)

    def test_beyond_k(self) -> None:
        assert (expected_recall(10, 0, 10), expected_ndcg(10, 0, 10), expected_mrr(10, 0, 10)) == (0.0, 0.0, 0.0)

    def test_a_tie_is_the_mean_over_every_order(self) -> None:
        assert expected_recall(9, 1, 10) == 0.5
        assert expected_ndcg(0, 1, 10) == pytest.approx((1.0 + 1.0 / np.log2(3.0)) / 2)
        assert expected_mrr(0, 1, 10) == pytest.approx(0.75)

    def test_place_counts_better_and_level(self) -> None:
        scores = np.array([0.9, 0.5, 0.5, 0.1], dtype=np.float32)
        assert place_of(ints(7, 8, 9, 6), scores, 9) == (1, 1)

    def test_what_is_not_offered_has_no_place(self) -> None:
        assert place_of(ints(7), np.array([0.9], dtype=np.float32), 3) is None


class TestLeaveLastOut:
    def test_strict_test_split(self) -> None:
        learned, cases = leave_last_out(ints(0, 0, 0, 0, 1, 1), ints(5, 6, 7, 8, 5, 6))
        assert learned.tolist() == [True, True, False, False, False, False]
        assert [(case.history.tolist(), case.target) for case in cases] == [([5, 6, 7], 8)]

    def test_tuning_asks_for_the_one_before(self) -> None:
        _, cases = leave_last_out(ints(0, 0, 0, 0), ints(5, 6, 7, 8), tested=2)
        assert [(case.history.tolist(), case.target) for case in cases] == [([5, 6], 7)]


class TestSplitByTime:
    def test_history_before_and_first_new_item_after(self) -> None:
        time = np.array([1.0, 2.0, 9.0, 9.5, 3.0, 4.0, 9.0, 5.0, 6.0, 7.0])
        cut, cases = split_by_time(
            ints(0, 0, 0, 0, 1, 1, 2, 3, 3, 3), ints(1, 2, 1, 3, 1, 2, 3, 1, 2, 3), time, share=0.3
        )
        assert cut == 9.0
        assert [(case.history.tolist(), case.target) for case in cases] == [([1, 2], 3)]

    def test_a_sequence_that_begins_later_is_asked_for_its_first_other_item(self) -> None:
        time = np.array([1.0, 2.0, 3.0, 9.0, 9.1, 9.2, 9.3, 9.0, 9.1])
        cut, cases = split_by_time(ints(0, 1, 2, 3, 3, 3, 3, 4, 4), ints(5, 5, 5, 1, 1, 2, 3, 4, 4), time, share=0.6)
        assert cut == 9.0
        assert [(case.history.tolist(), case.target) for case in cases] == [([1, 1], 2)]

    def test_no_target_is_older_than_the_moment_and_no_history_is_younger_than_its_target(self) -> None:
        draw = np.random.default_rng(7)
        sequence = np.sort(draw.integers(0, 60, 400)).astype(np.int32)
        time = np.empty(400)
        for one in np.unique(sequence):  # each begins somewhere and goes on for a while
            mine = sequence == one
            time[mine] = draw.uniform(0, 100) + np.sort(draw.uniform(0, 20, mine.sum()))
        item = np.arange(400, dtype=np.int32)  # an item is an event, so that its time is known
        cut, cases = split_by_time(sequence, item, time, share=0.3)
        begins = [time[case.history[0]] >= cut for case in cases]
        assert True in begins
        assert False in begins
        for case in cases:
            assert time[case.target] >= cut
            assert time[case.history].max() < time[case.target]
            assert set(sequence[case.history]) == {sequence[case.target]}

    def test_histories_have_the_weights_of_their_events(self) -> None:
        weight = np.array([2.0, 3.0, 1.0])
        time = np.array([1.0, 2.0, 9.0])
        _, (case,) = split_by_time(ints(0, 0, 0), ints(5, 6, 7), time, share=0.3, weight=weight)
        assert case.weights is not None
        assert (case.history.tolist(), case.weights.tolist()) == ([5, 6], [2.0, 3.0])

    def test_without_weights_there_are_none(self) -> None:
        _, (case,) = split_by_time(ints(0, 0, 0), ints(5, 6, 7), np.array([1.0, 2.0, 9.0]), share=0.3)
        assert case.weights is None

    def test_nothing(self) -> None:
        assert split_by_time(ints(), ints(), np.empty(0), share=0.1)[1] == []
