"""Scores as probabilities, and slates in wanted proportions."""

import numpy as np
import pytest

from apps.recommend.ml.calibration import (
    apply_curve,
    apply_sigmoid,
    choose_calibrated,
    fit_isotonic,
    fit_sigmoid,
)


def hits(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.bool_)


class TestFitIsotonic:
    def test_pools_what_would_fall(self) -> None:
        curve = fit_isotonic(np.array([1.0, 2.0, 3.0, 4.0]), hits(0, 1, 0, 1))
        assert apply_curve(curve, np.array([1.0, 2.0, 2.5, 3.0, 4.0])).tolist() == [0.0, 0.5, 0.5, 0.5, 1.0]

    def test_equal_scores_have_one_chance(self) -> None:
        curve = fit_isotonic(np.array([1.0, 1.0, 1.0, 1.0]), hits(0, 1, 0, 0))
        assert (curve.score.tolist(), curve.chance.tolist()) == ([1.0], [0.25])

    def test_is_flat_beyond_what_was_seen(self) -> None:
        curve = fit_isotonic(np.array([1.0, 2.0]), hits(0, 1))
        assert apply_curve(curve, np.array([-9.0, 9.0])).tolist() == [0.0, 1.0]

    def test_holds_only_the_ends_of_flat_pieces(self) -> None:
        curve = fit_isotonic(np.arange(100.0), np.arange(100) >= 50)
        assert curve.score.tolist() == [0.0, 49.0, 50.0, 99.0]

    def test_is_the_rate_where_there_is_one(self) -> None:
        rng = np.random.default_rng(2)
        score = rng.random(20_000)
        curve = fit_isotonic(score, rng.random(20_000) < score**2)
        assert apply_curve(curve, np.array([0.3, 0.6, 0.9])).tolist() == pytest.approx([0.09, 0.36, 0.81], abs=0.05)


class TestFitSigmoid:
    def test_finds_the_curve_that_made_the_outcomes(self) -> None:
        rng = np.random.default_rng(2)
        score = rng.standard_normal(50_000)
        found = fit_sigmoid(score, rng.random(50_000) < apply_sigmoid_by_hand(2.0, -1.0, score))
        assert (found.slope, found.intercept) == pytest.approx((2.0, -1.0), abs=0.06)

    def test_separable_outcomes_have_a_finite_slope(self) -> None:
        found = fit_sigmoid(np.array([-1.0, -1.0, 1.0, 1.0]), hits(0, 0, 1, 1))
        assert apply_sigmoid(found, np.array([-1.0, 1.0])).tolist() == pytest.approx([0.25, 0.75], abs=1e-4)

    def test_scores_that_say_nothing_give_the_rate_alone(self) -> None:
        found = fit_sigmoid(np.zeros(6), hits(1, 1, 0, 0, 0, 0))
        target = (2 * 3 / 4 + 4 * 1 / 6) / 6
        assert apply_sigmoid(found, np.array([0.0, 0.0])).tolist() == pytest.approx([target] * 2, abs=1e-4)


class TestChooseCalibrated:
    GROUPS = np.array([[1.0, 0.0]] * 4 + [[0.0, 1.0]] * 2)
    RELEVANCE = np.array([1.0, 0.9, 0.8, 0.7, 0.2, 0.1])

    def test_relevance_alone(self) -> None:
        chosen = choose_calibrated(self.RELEVANCE, self.GROUPS, np.array([0.5, 0.5]), 3, trade_off=0.0)
        assert chosen.tolist() == [0, 1, 2]

    def test_the_wanted_shares_are_met(self) -> None:
        chosen = choose_calibrated(self.RELEVANCE, self.GROUPS, np.array([0.5, 0.5]), 4, trade_off=0.99)
        assert sorted(chosen.tolist()) == [0, 1, 4, 5]

    def test_a_group_that_is_not_wanted_is_taken_by_relevance_alone(self) -> None:
        chosen = choose_calibrated(self.RELEVANCE, self.GROUPS, np.array([0.0, 1.0]), 3, trade_off=0.9)
        assert sorted(chosen.tolist()) == [0, 4, 5]

    def test_a_shopper_without_interests_gets_the_order_of_relevance(self) -> None:
        assert choose_calibrated(self.RELEVANCE, self.GROUPS, np.zeros(2), 3).tolist() == [0, 1, 2]

    def test_no_candidates(self) -> None:
        assert choose_calibrated(np.empty(0), np.empty((0, 2)), np.array([0.5, 0.5]), 3).tolist() == []


def apply_sigmoid_by_hand(slope: float, intercept: float, score: np.ndarray) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + np.exp(-(slope * score + intercept))))
