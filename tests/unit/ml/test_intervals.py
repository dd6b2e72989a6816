"""Bootstrap intervals."""

import numpy as np
import pytest

from apps.recommend.ml.intervals import Interval, mean_interval, mean_intervals, paired_difference


class TestMeanInterval:
    def test_values_that_are_all_the_same_leave_nothing_to_chance(self) -> None:
        assert mean_interval(np.full(5, 0.25), seed=1) == Interval(0.25, 0.25, 0.25)

    def test_it_is_as_wide_as_theory_says(self) -> None:
        values = np.random.default_rng(3).normal(size=10_000)
        low, mean, high = mean_interval(values, seed=1, repeats=4000)
        assert mean == pytest.approx(values.mean())
        assert (low - mean, high - mean) == pytest.approx((-0.0196, 0.0196), rel=0.1)

    def test_a_lower_level_is_narrower(self) -> None:
        values = np.random.default_rng(3).normal(size=100)
        wide, narrow = mean_interval(values, seed=1, level=0.99), mean_interval(values, seed=1, level=0.5)
        assert wide.low < narrow.low < narrow.high < wide.high

    def test_the_seed_decides(self) -> None:
        values = np.arange(50, dtype=np.float64)
        assert mean_interval(values, seed=4) == mean_interval(values, seed=4)
        assert mean_interval(values, seed=4) != mean_interval(values, seed=5)

    def test_copies_of_a_shoppers_question_make_nothing_surer(self) -> None:
        values = np.random.default_rng(3).normal(size=400)
        one = mean_interval(values, seed=1)
        tenfold = np.repeat(values, 10)
        cluster = np.repeat(np.arange(400, dtype=np.int32), 10)
        assert mean_interval(tenfold, seed=1, cluster=cluster) == pytest.approx(one)
        assert mean_interval(tenfold, seed=1).low > one.low

    def test_it_holds_the_truth_as_often_as_it_says(self) -> None:
        draw = np.random.default_rng(8)
        found = [mean_interval(draw.binomial(1, 0.3, 200).astype(np.float64), seed=n, repeats=300) for n in range(200)]
        assert 180 <= sum(low <= 0.3 <= high for low, _, high in found) <= 199


class TestMeanIntervals:
    def test_columns_are_apart(self) -> None:
        first, second = mean_intervals(np.array([[1.0, 0.0], [1.0, 2.0]]), seed=1)
        assert first == Interval(1.0, 1.0, 1.0)
        assert (second.low, second.mean, second.high) == (0.0, 1.0, 2.0)

    def test_no_questions(self) -> None:
        with pytest.raises(ValueError, match="no questions"):
            mean_intervals(np.empty((0, 2)), seed=1)

    def test_a_value_that_is_none(self) -> None:
        with pytest.raises(ValueError, match="not finite"):
            mean_intervals(np.array([[1.0], [np.nan]]), seed=1)

    def test_clusters_of_other_questions(self) -> None:
        with pytest.raises(ValueError, match="1 clusters for 2 questions"):
            mean_intervals(np.ones((2, 1)), seed=1, cluster=np.zeros(1, dtype=np.int32))

    def test_a_level_in_percent(self) -> None:
        with pytest.raises(ValueError, match="level 95"):
            mean_intervals(np.ones((2, 1)), seed=1, level=95)


class TestPairedDifference:
    def test_what_is_better_everywhere_is_surely_better(self) -> None:
        hard = np.random.default_rng(3).uniform(size=200)
        low, mean, high = paired_difference(hard + 0.01, hard, seed=1)
        assert (low, mean, high) == pytest.approx((0.01, 0.01, 0.01))

    def test_noise_is_no_difference(self) -> None:
        draw = np.random.default_rng(3)
        low, _, high = paired_difference(draw.uniform(size=500), draw.uniform(size=500), seed=1)
        assert low < 0.0 < high

    def test_worse_is_below_nothing(self) -> None:
        draw = np.random.default_rng(3)
        theirs = draw.uniform(size=500)
        assert paired_difference(theirs - draw.uniform(0.0, 0.2, 500), theirs, seed=1).high < 0.0

    def test_other_questions(self) -> None:
        with pytest.raises(ValueError, match="2 and 3 values"):
            paired_difference(np.ones(2), np.ones(3), seed=1)
