"""What is said of a difference: against the textbook, against simulation, and where nothing may be said."""

import math

import numpy as np
import pytest
from scipy import stats

from apps.recommend.ml.outcomes import FACTS, METRICS, Outcomes, Sample
from apps.recommend.ml.sequential import FEW, compare, detectable, mean_of, power_of, sample_ratio_p

N = 4_000


def rates(first: int, second: int, *, n: int = N) -> Sample:
    """Return two sides of n units each, of which so many have it."""
    over = np.concatenate([np.arange(n) < first, np.arange(n) < second]).astype(np.float64)
    return Sample(np.repeat(np.array([0, 1], dtype=np.int32), n), over, np.ones(2 * n))


class TestCompare:
    def test_relative_difference(self) -> None:
        found = compare(rates(400, 500), variant=1)
        assert found is not None
        assert (found.control.units, found.control.mean, found.variant.mean) == (N, 0.1, 0.125)
        assert found.difference == pytest.approx(0.25)

    def test_one_look_agrees_with_the_test_of_two_proportions(self) -> None:
        found = compare(rates(400, 460), variant=1)
        table = np.array([[400, N - 400], [460, N - 460]])
        expected = stats.chi2_contingency(table, correction=False).pvalue
        assert found is not None
        assert found.p_value == pytest.approx(expected, rel=0.05)

    def test_the_sequence_is_wider_than_one_look(self) -> None:
        found = compare(rates(400, 440), variant=1, planned=2 * N)
        assert found is not None
        assert found.sequence[0] < found.fixed[0] < found.difference < found.fixed[1] < found.sequence[1]
        ratio = math.log1p(found.sequence[1]) - math.log1p(found.difference)
        # At the planned number, by the formula: sqrt((x + 1) / x * (2 log 20 + log(x + 1))) with x = 8.78.
        assert ratio / found.error == pytest.approx(3.0354, abs=0.0002)

    def test_what_is_below_the_line_counts(self) -> None:
        n = 500
        over = np.concatenate([np.full(n, 1.0), np.full(n, 2.0)]) + np.tile([0.0, 1.0], n)
        sample = Sample(np.repeat(np.array([0, 1], dtype=np.int32), n), over, np.repeat([2.0, 5.0], n))
        found = compare(sample, variant=1)
        assert found is not None
        assert (found.control.mean, found.variant.mean) == (0.75, 0.5)

    def test_what_was_before_narrows_and_does_not_shift(self) -> None:
        draw = np.random.default_rng(1)
        eager = draw.gamma(2.0, 1.0, 2 * N)
        over = eager + draw.normal(1.0, 0.5, 2 * N)
        variant = np.repeat(np.array([0, 1], dtype=np.int32), N)
        plain = compare(Sample(variant, over, np.ones(2 * N)), variant=1)
        known = compare(Sample(variant, over, np.ones(2 * N), eager), variant=1)
        assert plain is not None
        assert known is not None
        assert known.error < 0.45 * plain.error
        assert abs(known.difference) < abs(plain.difference)

    def test_more_comparisons_are_held_to_a_stricter_line(self) -> None:
        two, four = (compare(rates(400, 440), variant=1, sides=sides) for sides in (2, 4))
        assert two is not None
        assert four is not None
        assert four.fixed[0] < two.fixed[0]
        assert four.sequence[0] < two.sequence[0]

    @pytest.mark.parametrize("counts", [(0, 0), (FEW - 1, 100), (100, FEW - 1)])
    def test_too_few_say_nothing(self, counts: tuple[int, int]) -> None:
        assert compare(rates(*counts), variant=1) is None

    def test_where_nothing_varies_nothing_is_said(self) -> None:
        assert compare(rates(N, N), variant=1) is None

    def test_daily_looks_find_nothing_that_is_not_there(self) -> None:
        draw = np.random.default_rng(4)
        wrong = 0
        for _ in range(200):
            has = (draw.random(2_000) < 0.1).astype(np.float64)
            side = draw.integers(0, 2, 2_000).astype(np.int32)
            looks = [compare(Sample(side[:n], has[:n], np.ones(n)), variant=1, planned=2_000) for n in _days(2_000)]
            wrong += any(one is not None and (one.sequence[0] > 0 or one.sequence[1] < 0) for one in looks)
        assert wrong <= 12


class TestMeanOf:
    def test_units_and_ratio(self) -> None:
        assert mean_of(rates(400, 500), 1) == (N, 0.125)

    def test_nothing_below_the_line_is_no_number(self) -> None:
        sample = Sample(np.zeros(3, dtype=np.int32), np.ones(3), np.zeros(3))
        assert math.isnan(mean_of(sample, 0)[1])


class TestSampleRatioP:
    def test_agrees_with_the_textbook(self) -> None:
        expected = stats.chisquare([5_050, 4_950, 10_300], [5_075, 5_075, 10_150]).pvalue
        assert sample_ratio_p([5_050, 4_950, 10_300], [1, 1, 2]) == pytest.approx(expected)

    def test_a_broken_split_is_seen(self) -> None:
        found = sample_ratio_p([1_100, 900], [1, 1])
        assert found is not None
        assert found < 0.001

    def test_without_units_there_is_no_answer(self) -> None:
        assert sample_ratio_p([0, 0], [1, 1]) is None


class TestPowerOf:
    def test_the_error_that_textbooks_ask_for(self) -> None:
        assert power_of(0.1, math.log(1.1) / (1.95996 + 0.84162)) == pytest.approx(0.8, abs=1e-4)


class TestDetectable:
    def test_four_times_the_units_show_half_the_difference(self) -> None:
        found = compare(rates(400, 440), variant=1)
        assert found is not None
        now, later = (math.log1p(detectable(found, planned=units)) for units in (2 * N, 8 * N))
        assert later == pytest.approx(now / 2)
        assert power_of(math.expm1(now), found.error) == pytest.approx(0.8, abs=1e-4)


class TestOutcomes:
    def test_every_metric_is_made_of_facts(self) -> None:
        assert {name for metric in METRICS.values() for name in (metric.over, metric.under)} <= set(FACTS)

    def test_what_was_above_the_usual_before_is_the_covariate(self) -> None:
        columns = {"clicked": np.array([1.0, 0.0, 3.0]), "slates": np.array([2.0, 2.0, 4.0])}
        sample = Outcomes(np.zeros(3, dtype=np.int32), columns, columns).of(METRICS["ctr"])
        assert sample.covariate is not None
        assert sample.covariate.tolist() == [0.0, -1.0, 1.0]

    def test_alike_before_is_no_covariate(self) -> None:
        now = {"clicked": np.array([1.0, 0.0]), "slates": np.array([2.0, 2.0])}
        before = {"clicked": np.zeros(2), "slates": np.zeros(2)}
        assert Outcomes(np.zeros(2, dtype=np.int32), now, before).of(METRICS["ctr"]).covariate is None


def _days(units: int) -> list[int]:
    return [units * day // 20 for day in range(1, 21)]
