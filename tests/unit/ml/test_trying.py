"""The chance of each item to be clicked most, beside what sampling says."""

import numpy as np
import pytest
from scipy.special import digamma, polygamma

from apps.recommend.ml.trying import _digamma, _trigamma, best_chances


def chances(clicks: list[float], shown: list[float], *, usual: float = 0.02, strength: float = 50.0) -> np.ndarray:
    return best_chances(np.array(clicks), np.array(shown), usual=usual, strength=strength)


class TestBestChances:
    @pytest.mark.parametrize(("size", "off"), [(2, 0.01), (5, 0.03), (40, 0.05)])
    def test_are_near_what_sampling_says(self, size: int, off: float) -> None:
        rng = np.random.default_rng(1)
        shown = rng.integers(0, 3_000, size).astype(np.float64)
        clicks = rng.binomial(shown.astype(int), rng.uniform(0.005, 0.05, size)).astype(np.float64)

        found = best_chances(clicks, shown, usual=0.02, strength=50.0)

        rates = rng.beta(clicks + 1.0, shown - clicks + 49.0, (50_000, size))
        assert found == pytest.approx(np.bincount(rates.argmax(axis=1), minlength=size) / 50_000, abs=off)

    def test_sum_to_one(self) -> None:
        assert chances([0, 5, 900], [0, 10, 1_000]).sum() == pytest.approx(1.0)

    def test_nothing_known_is_alike(self) -> None:
        assert chances([0, 0, 0, 0], [0, 0, 0, 0]) == pytest.approx([0.25] * 4, abs=1e-9)

    def test_the_surest_is_almost_certain(self) -> None:
        assert chances([10, 900], [1_000, 1_000])[1] > 0.999

    def test_more_clicks_than_shows_count_as_all(self) -> None:
        assert chances([30, 2], [20, 90]).tolist() == chances([20, 2], [20, 90]).tolist()

    def test_of_one(self) -> None:
        assert chances([3], [90]).tolist() == [1.0]

    def test_of_none(self) -> None:
        assert chances([], []).tolist() == []


class TestSeries:
    @pytest.mark.parametrize("value", [0.02, 0.5, 1.0, 7.9, 8.0, 1_000.0])
    def test_are_those_of_scipy(self, value: float) -> None:
        assert _digamma(value) == pytest.approx(digamma(value), rel=1e-6)
        assert _trigamma(value) == pytest.approx(polygamma(1, value), rel=1e-6)
