"""Ranking metrics against what every order of the tied items gives."""

import itertools

import numpy as np
import pytest

from apps.recommend.ml import metrics, setmetrics
from apps.recommend.ml.setmetrics import Places

K = 3


def longs(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


class TestRecall:
    def test_first_beyond_and_not_offered(self) -> None:
        assert metrics.recall(longs(0, 9, 10, -1), longs(0, 0, 0, 0), 10).tolist() == [1.0, 1.0, 0.0, 0.0]

    def test_a_tie_across_the_end_is_the_share_of_orders_within(self) -> None:
        assert metrics.recall(longs(9, 8), longs(1, 3), 10).tolist() == [0.5, 0.5]

    def test_everything_tied_is_chance(self) -> None:
        assert metrics.recall(longs(0), longs(99), 10).tolist() == [0.1]

    def test_no_questions(self) -> None:
        assert metrics.recall(longs(), longs(), 10).shape == (0,)


class TestNdcg:
    def test_discounts_by_rank(self) -> None:
        found = metrics.ndcg(longs(0, 1, 10, -1), longs(0, 0, 0, 5), 10)
        assert found.tolist() == pytest.approx([1.0, 1.0 / np.log2(3.0), 0.0, 0.0])

    def test_a_tie_is_the_mean_over_every_order(self) -> None:
        assert metrics.ndcg(longs(0), longs(1), 10).tolist() == pytest.approx([(1.0 + 1.0 / np.log2(3.0)) / 2])


class TestMrr:
    def test_one_by_rank(self) -> None:
        assert metrics.mrr(longs(0, 3, 10, -1), longs(0, 0, 0, 0), 10).tolist() == pytest.approx([1.0, 0.25, 0.0, 0.0])

    def test_a_tie_is_the_mean_over_every_order(self) -> None:
        assert metrics.mrr(longs(0), longs(1), 10).tolist() == pytest.approx([0.75])


class TestMeanGain:
    def test_gains_by_rank(self) -> None:
        found = metrics.mean_gain(longs(0, 1, 2), longs(2, 0, 0), np.array([6.0, 3.0]))
        assert found.tolist() == [3.0, 3.0, 0.0]


class TestMeanRank:
    def test_ranks_begin_at_one_and_what_is_not_offered_has_none(self) -> None:
        assert metrics.mean_rank(longs(0, 4, -1), longs(0, 2, 0)).tolist() == [1.0, 6.0, np.inf]


def places_of(scores: list[int], right: list[int]) -> Places:
    """Return the places of the right candidates among all these scores; a score below 0 is not offered."""
    better = [sum(other > scores[one] for other in scores) if scores[one] >= 0 else -1 for one in right]
    tied = [scores.count(scores[one]) - 1 for one in right]
    return Places(longs(0, len(right)), longs(*better), longs(*tied))


def by_every_order(scores: list[int], right: list[int], k: int) -> dict[str, float]:
    """Return each metric as the plain mean over all orders of the candidates that agree with the scores."""
    offered = [one for one in range(len(scores)) if scores[one] >= 0]
    orders = [
        order
        for order in itertools.permutations(offered)
        if all(scores[a] >= scores[b] for a, b in itertools.pairwise(order))
    ]
    found = [_of_one_order([one in right for one in order][:k], len(right), k) for order in orders]
    return {name: float(np.mean([each[name] for each in found])) for name in found[0]}


def _of_one_order(hits: list[bool], wanted: int, k: int) -> dict[str, float]:
    ranks = [rank for rank, hit in enumerate(hits, start=1) if hit]
    ideal = sum(1.0 / np.log2(rank + 1.0) for rank in range(1, min(wanted, k) + 1))
    return {
        "recall": len(ranks) / wanted,
        "precision": len(ranks) / k,
        "ndcg": sum(1.0 / np.log2(rank + 1.0) for rank in ranks) / ideal,
        "average_precision": sum(number / rank for number, rank in enumerate(ranks, start=1)) / min(wanted, k),
        "hit_rate": float(bool(ranks)),
        "mrr": 1.0 / ranks[0] if ranks else 0.0,
    }


CASES = [
    pytest.param([5, 4, 3, 2, 1], [0, 3], id="no ties"),
    pytest.param([3, 3, 3, 3, 3], [0, 3], id="all tied"),
    pytest.param([5, 3, 3, 3, 1], [1, 2, 4], id="right ones tied with each other and a wrong one"),
    pytest.param([5, 5, 3, 3, 3, 3], [1, 2, 3], id="two levels"),
    pytest.param([5, 3, 3, -1], [3, 1], id="one not offered"),
    pytest.param([5, 3, 3, -1], [3], id="none offered"),
    pytest.param([2, 2], [0, 1], id="fewer than k, all right"),
    pytest.param([6, 5, 4, 4, 4, 4], [2, 5], id="a level across the end"),
]


@pytest.mark.parametrize(("scores", "right"), CASES)
class TestSetMetrics:
    @pytest.mark.parametrize("name", ["recall", "precision", "ndcg", "average_precision", "hit_rate", "mrr"])
    def test_is_the_mean_over_every_order(self, scores: list[int], right: list[int], name: str) -> None:
        found = getattr(setmetrics, name)(places_of(scores, right), K)
        assert found.tolist() == pytest.approx([by_every_order(scores, right, K)[name]])


class TestSetMetricsOfMany:
    PLACES = Places(longs(0, 2, 2, 3), longs(0, 2, -1), longs(0, 0, 0))

    @pytest.mark.parametrize(
        ("name", "first"),
        [
            ("recall", 1.0),
            ("precision", 2 / 3),
            ("ndcg", 1.5 / (1.0 + 1.0 / np.log2(3.0))),
            ("average_precision", (1.0 + 2.0 / 3.0) / 2),
            ("hit_rate", 1.0),
            ("mrr", 1.0),
        ],
    )
    def test_questions_are_apart_and_without_right_answers_it_is_nothing(self, name: str, first: float) -> None:
        assert getattr(setmetrics, name)(self.PLACES, K).tolist() == pytest.approx([first, 0.0, 0.0])

    @pytest.mark.parametrize(
        ("of_set", "of_one"),
        [("recall", "recall"), ("hit_rate", "recall"), ("ndcg", "ndcg"), ("average_precision", "mrr"), ("mrr", "mrr")],
    )
    def test_with_one_right_answer_each_is_its_namesake(self, of_set: str, of_one: str) -> None:
        draw = np.random.default_rng(5)
        better, tied = draw.integers(-1, 15, 300), draw.integers(0, 9, 300)
        places = Places(np.arange(301), better, tied)
        expected = getattr(metrics, of_one)(better, tied, 10)
        assert getattr(setmetrics, of_set)(places, 10).tolist() == pytest.approx(expected.tolist())
