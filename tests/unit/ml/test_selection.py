"""Which rows may be answered, without a walk over all of them."""

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.selection import first_allowed, holds, places_left
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
