"""Which rows may be answered, without a walk over all of them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from apps.recommend.ml.selection import falling, first_allowed, holds, parts_of, places_left
from apps.recommend.ml.tables import read_only


def rows(*values: int) -> NDArray[np.int32]:
    return np.array(values, dtype=np.int32)


class TestHolds:
    def test_every_place_of_an_ascending_list(self) -> None:
        banned = rows(2, 5, 9)
        assert [row for row in range(12) if holds(banned, row)] == [2, 5, 9]

    def test_an_empty_list_holds_nothing(self) -> None:
        assert not holds(rows(), 0)


class TestFirstAllowed:
    def test_in_the_given_order_what_is_marked_and_not_banned(self) -> None:
        mask = read_only(np.array([True, False, True, True, True]))
        assert first_allowed(read_only(rows(4, 1, 3, 2, 0)), mask, rows(3), 9).tolist() == [4, 2, 0]

    def test_no_more_than_asked_for(self) -> None:
        mask = read_only(np.ones(5, dtype=np.bool_))
        assert first_allowed(read_only(rows(4, 1, 3, 2, 0)), mask, rows(), 2).tolist() == [4, 1]


class TestPlacesLeft:
    def test_places_of_what_is_not_banned(self) -> None:
        assert places_left(rows(7, 3, 9, 1), rows(3, 9), 9).tolist() == [0, 3]

    def test_no_more_than_asked_for(self) -> None:
        assert places_left(rows(7, 3, 9, 1), rows(), 1).tolist() == [0]


class TestFalling:
    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_ascends_as_scores_fall_and_with_the_number_among_equal_ones(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        scores = rng.normal(0, 10.0 ** rng.integers(-38, 38, 400)).astype(np.float32)
        scores = np.concatenate([scores, scores[:100], np.array([0.0, -0.0, np.inf, -np.inf], dtype=np.float32)])
        numbers = rng.permutation(len(scores)).astype(np.int32)
        keys = np.array([falling(score, int(number)) for score, number in zip(scores, numbers, strict=True)])
        expected = sorted(range(len(scores)), key=lambda at: (-float(scores[at]), int(numbers[at])))
        assert np.argsort(keys).tolist() == expected


class TestPartsOf:
    def test_what_went_in(self) -> None:
        scores = np.array([1.5, -3e-30, 0.0, np.inf, -7.25], dtype=np.float32)
        keys = np.array([falling(score, 2**31 - 1 - at) for at, score in enumerate(scores)], dtype=np.int64)
        numbers, found = parts_of(keys)
        assert numbers.tolist() == [2**31 - 1 - at for at in range(5)]
        assert found.tolist() == scores.tolist()
