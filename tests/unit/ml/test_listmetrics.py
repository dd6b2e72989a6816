"""What slates are like beside being right."""

import numpy as np
import pytest
from scipy import sparse

from apps.recommend.ml import listmetrics


def slates(*rows: list[int]) -> np.ndarray:
    return np.array(rows, dtype=np.int32)


EMPTY = np.empty((0, 2), dtype=np.int32)


class TestCoverage:
    def test_what_is_shown_at_all(self) -> None:
        assert listmetrics.coverage(slates([0, 1], [1, -1]), 4) == 0.5

    def test_nothing(self) -> None:
        assert listmetrics.coverage(EMPTY, 4) == 0.0
        assert listmetrics.coverage(EMPTY, 0) == 0.0


class TestGini:
    def test_all_alike(self) -> None:
        assert listmetrics.gini(slates([0, 1], [2, 3]), 4) == 0.0

    def test_one_has_it_all(self) -> None:
        assert listmetrics.gini(slates([2, -1], [2, -1]), 4) == 0.75

    def test_by_hand(self) -> None:
        # shown 0, 1, 3: (-2 * 0 + 0 * 1 + 2 * 3) / (3 * 4)
        assert listmetrics.gini(slates([0, 1], [0, -1], [0, -1]), 3) == 0.5

    def test_nothing_shown(self) -> None:
        assert listmetrics.gini(EMPTY, 4) == 0.0


class TestExposures:
    def test_padding_is_no_item(self) -> None:
        assert listmetrics.exposures(slates([0, 1], [0, -1]), 3).tolist() == [2, 1, 0]


class TestNovelty:
    def test_rare_items_say_more(self) -> None:
        counts = np.array([5, 1, 0])  # with one more each: 6, 2, 1 of 9
        found = listmetrics.novelty(slates([0, -1], [1, 2]), counts)
        assert found.tolist() == pytest.approx([-np.log2(6 / 9), -(np.log2(2 / 9) + np.log2(1 / 9)) / 2])

    def test_an_empty_slate_has_none(self) -> None:
        assert np.isnan(listmetrics.novelty(slates([-1, -1]), np.array([1]))).tolist() == [True]


class TestUnexpectedness:
    def test_the_share_that_is_not_in_the_plain_list(self) -> None:
        found = listmetrics.unexpectedness(slates([0, 1], [2, -1]), np.array([0, 5], dtype=np.int32))
        assert found.tolist() == [0.5, 1.0]


class TestSerendipity:
    def test_right_and_not_what_everybody_gets(self) -> None:
        targets, plain = np.array([0, 1, 7], dtype=np.int32), np.array([0], dtype=np.int32)
        assert listmetrics.serendipity(slates([0, 1], [0, 1], [0, 1]), targets, plain).tolist() == [0.0, 1.0, 0.0]

    def test_padding_is_not_right(self) -> None:
        found = listmetrics.serendipity(slates([1, -1]), np.array([-1], dtype=np.int32), np.empty(0, dtype=np.int32))
        assert found.tolist() == [0.0]


class TestDiversity:
    VECTORS = np.array([[1, 0], [1, 0], [0, 1], [0, 0]], dtype=np.float32)

    def test_alike_differing_and_in_between(self) -> None:
        found = listmetrics.diversity(slates([0, 1, -1], [0, 2, -1], [0, 1, 2]), self.VECTORS)
        assert found.tolist() == pytest.approx([0.0, 1.0, 2 / 3])

    def test_sparse_vectors_say_the_same(self) -> None:
        draw = np.random.default_rng(2)
        vectors = draw.normal(size=(20, 5)) * (draw.random((20, 5)) < 0.5)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        shown = draw.permuted(np.tile(np.arange(20, dtype=np.int32), (6, 1)), axis=1)[:, :4]
        dense = listmetrics.diversity(shown, vectors.astype(np.float32))
        by_hand = [1.0 - np.mean([vectors[a] @ vectors[b] for a in row for b in row if a != b]) for row in shown]
        assert dense.tolist() == pytest.approx(by_hand, abs=1e-5)
        assert listmetrics.diversity(shown, sparse.csr_array(vectors)).tolist() == pytest.approx(by_hand)

    def test_items_of_which_nothing_is_known_are_alike_to_none(self) -> None:
        assert listmetrics.diversity(slates([0, 3]), self.VECTORS).tolist() == [1.0]

    def test_one_item_is_neither(self) -> None:
        assert np.isnan(listmetrics.diversity(slates([0, -1]), self.VECTORS)).tolist() == [True]


class TestMiscalibration:
    CATEGORY = np.array([0, 0, 1, -1], dtype=np.int32)

    def of(self, slate: list[int], history: list[int]) -> float:
        indptr, rows = np.array([0, len(history)]), np.array(history, dtype=np.int32)
        return float(listmetrics.miscalibration(slates(slate), indptr, rows, self.CATEGORY)[0])

    def test_the_same_mix(self) -> None:
        assert self.of([1, 2], [0, 2]) == 0.0

    def test_by_hand(self) -> None:
        expected = 0.5 * np.log(0.5 / (0.99 + 0.005)) + 0.5 * np.log(0.5 / 0.005)
        assert self.of([0, 1], [0, 2]) == pytest.approx(expected)

    def test_nothing_to_be_judged_by(self) -> None:
        assert np.isnan([self.of([0, 1], []), self.of([0, 1], [3]), self.of([-1, -1], [0])]).all()

    def test_questions_are_apart(self) -> None:
        indptr, rows = np.array([0, 1, 2]), np.array([0, 2], dtype=np.int32)
        found = listmetrics.miscalibration(slates([0], [0]), indptr, rows, self.CATEGORY)
        assert found.tolist() == pytest.approx([0.0, np.log(100.0)])
