"""Marks that were added are found again, loose or in order."""

import random

import numpy as np
import pytest

from apps.recommend.serving import mark_set
from apps.recommend.serving.mark_set import MarkSet, find_in

HIGHEST = 2**64 - 1


class TestFindIn:
    def test_those_that_are_there(self) -> None:
        ordered = np.array([1, 5, HIGHEST], dtype=np.uint64)
        assert find_in(ordered, [0, 1, 2, 5, HIGHEST, HIGHEST - 1]) == {1, 5, HIGHEST}

    def test_nothing_in_nothing(self) -> None:
        assert find_in(np.empty(0, dtype=np.uint64), [1]) == set()
        assert find_in(np.array([1], dtype=np.uint64), []) == set()


class TestMarkSet:
    def test_all_that_was_added_and_nothing_else(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(mark_set, "_LOOSE", 7)
        chance = random.Random(3)
        found, plain = MarkSet(), set[int]()
        for _ in range(50):
            some = {chance.randrange(HIGHEST - 100, HIGHEST + 1) for _ in range(3)}
            found.add(some)
            plain |= some
            asked = {chance.randrange(HIGHEST - 100, HIGHEST + 1) for _ in range(9)}
            assert found.among(asked) == plain & asked

    def test_most_lie_in_order_eight_bytes_each(self) -> None:
        found = MarkSet()
        for start in range(0, 200_000, 1_000):
            found.add(range(start, start + 1_000))
        held = vars(found)
        assert len(held["_loose"]) <= 65_536
        assert held["_ordered"].nbytes == 8 * (200_000 - len(held["_loose"]))
