"""Popularity."""

import numpy as np
import pytest

from apps.recommend.ml.popularity import DAY, fit_popularity


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
