"""Trends and popularity, of one market and of several."""

import numpy as np
import pytest

from apps.recommend.ml.popularity import DAY, fit_popularity, fit_popularity_by_market
from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.trending import TrendParams, fit_trending, fit_trending_by_market

PARAMS = TrendParams(now_half_life_days=1.0, usual_half_life_days=2.0, strength=1.0)


def events(item: list[int], days: list[float]) -> Sequences:
    count = len(item)
    return Sequences(
        sequence=np.zeros(count, dtype=np.int32),
        item=np.array(item, dtype=np.int32),
        weight=np.ones(count),
        time=np.array(days) * DAY,
    )


def markets(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int32)


class TestFitTrending:
    def test_is_the_logarithm_of_the_two_smoothed_shares(self) -> None:
        made = fit_trending(events([0, 1], [0.0, 2.0]), 2, PARAMS)
        now, usual = np.array([0.25, 1.0]), np.array([0.5, 1.0]) * (1.25 / 1.5)
        assert made.tolist() == pytest.approx(np.log((now + 1.0) / (usual + 1.0)).tolist())

    def test_a_site_that_grows_as_a_whole_has_no_trend(self) -> None:
        made = fit_trending(events([0, 1] * 6, [0, 0, *[5] * 10]), 2, PARAMS)
        assert made.tolist() == pytest.approx([0.0, 0.0], abs=1e-6)

    def test_a_handful_is_less_of_a_trend_than_many(self) -> None:
        few = fit_trending(events([0] * 4 + [1], [0.0] * 4 + [9.0]), 2, PARAMS)
        many = fit_trending(events([0] * 40 + [1] * 10, [0.0] * 40 + [9.0] * 10), 2, PARAMS)
        assert 0.0 < few[1] < many[1]

    def test_no_events(self) -> None:
        assert fit_trending(events([], []), 2, PARAMS).tolist() == [0.0, 0.0]


class TestFitTrendingByMarket:
    def test_each_is_compared_with_its_own_past(self) -> None:
        told = events([0, 1, 1, 0], [0.0, 4.0, 0.0, 4.0])
        made = fit_trending_by_market(told, markets(0, 0, 1, 1), 2, 2, PARAMS)
        assert (made > 0).tolist() == [[False, True], [True, False]]

    def test_a_market_without_events_has_no_trend(self) -> None:
        made = fit_trending_by_market(events([0, 1], [0.0, 4.0]), markets(0, 0), 3, 2, PARAMS)
        assert made[1:].tolist() == [[0.0, 0.0], [0.0, 0.0]]


class TestFitPopularityByMarket:
    def test_each_has_its_own_order(self) -> None:
        told = events([0, 0, 0, 1, 1, 1, 0], [0.0] * 7)
        made = fit_popularity_by_market(told, markets(0, 0, 0, 0, 1, 1, 1), 2, 2, half_life_days=30.0, strength=0.0)
        assert made.argmax(axis=1).tolist() == [0, 1]
        assert made.max(axis=1).tolist() == [1.0, 1.0]

    def test_an_empty_market_has_what_is_popular_everywhere(self) -> None:
        made = fit_popularity_by_market(events([0, 1, 1], [0.0] * 3), markets(0, 0, 0), 2, 3, half_life_days=30.0)
        assert np.argsort(-made[1]).tolist() == [1, 0, 2]
        assert made[1, 2] == 0.0

    def test_one_market_that_is_not_drawn_is_the_popularity(self) -> None:
        told = events([0, 1, 1], [0.0, 3.0, 9.0])
        made = fit_popularity_by_market(told, markets(0, 0, 0), 1, 2, half_life_days=3.0, strength=0.0)
        alone = fit_popularity(told.item, told.weight, told.time, 2, half_life_days=3.0)
        assert made[0].tolist() == alone.tolist()
