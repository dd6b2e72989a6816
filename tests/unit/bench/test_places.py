"""Where the right answers stand among what a method scores, and the figures of that."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from bench.offline.data import Questions, pack
from bench.offline.places import Answers, answer_dense, figures, histories_of, places

SCORES = np.array([[0.5, 0.9, 0.5, -np.inf]], dtype=np.float32)


def constant(histories: sparse.csr_matrix, _numbers: NDArray[np.int64]) -> NDArray[np.float32]:
    return np.repeat(np.array([[4.0, 3.0, 2.0, 1.0]], dtype=np.float32), histories.shape[0], axis=0)


def asked(*, of_shoppers: bool) -> Questions:
    return pack([[0, 1], [1]], [2, 1], of_shoppers=of_shoppers)


class TestPlaces:
    def test_better_and_tied_are_counted(self) -> None:
        better, tied = places(SCORES, np.array([2], dtype=np.int32))
        assert (better.tolist(), tied.tolist()) == ([1], [1])

    @pytest.mark.parametrize("target", [3, -1])
    def test_what_is_not_offered_is_minus_one(self, target: int) -> None:
        better, tied = places(SCORES, np.array([target], dtype=np.int32))
        assert (better.tolist(), tied.tolist()) == ([-1], [0])


class TestAnswerDense:
    def test_a_history_is_not_offered_to_its_shopper(self) -> None:
        answers = answer_dense(constant, asked(of_shoppers=True), 4)
        assert answers.better.tolist() == [0, -1]

    def test_a_session_may_repeat(self) -> None:
        answers = answer_dense(constant, asked(of_shoppers=False), 4)
        assert answers.better.tolist() == [2, 1]

    def test_only_shoppers_are_known_by_number(self) -> None:
        seen: list[list[int]] = []

        def note(histories: sparse.csr_matrix, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
            seen.append(numbers.tolist())
            return constant(histories, numbers)

        answer_dense(note, asked(of_shoppers=True), 4)
        answer_dense(note, asked(of_shoppers=False), 4)
        assert seen == [[0, 1], [-1, -1]]


class TestHistoriesOf:
    def test_an_item_counts_once(self) -> None:
        matrix = histories_of(pack([[1, 1, 2]], [0], of_shoppers=False), 3)
        assert matrix.toarray().tolist() == [[0.0, 1.0, 1.0]]


class TestFigures:
    def test_a_miss_a_tie_and_a_hit(self) -> None:
        answers = Answers(np.array([-1, 4, 0]), np.array([0, 1, 0]), np.array([True, False, False, False]))
        table = figures(answers)
        assert table["recall@5"] == pytest.approx((0.5 + 1.0) / 3, abs=1e-5)
        assert table["mrr@20"] == pytest.approx((0.5 / 5 + 0.5 / 6 + 1.0) / 3, abs=1e-5)
        assert table["coverage@10"] == 0.25
