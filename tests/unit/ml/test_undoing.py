"""What was undone: the vectorised matching against the plain one."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.recommend.ml.undoing import find_undone

events = st.lists(st.tuples(st.integers(-3, 3), st.sampled_from([-1, 0, 1])), max_size=40)


def one_by_one(found: list[tuple[int, int]]) -> list[bool]:
    undone, standing = [False] * len(found), dict[int, list[int]]()
    for place, (group, step) in enumerate(found):
        if step > 0:
            standing.setdefault(group, []).append(place)
        elif step < 0 and standing.get(group):
            undone[standing[group].pop()] = True
    return undone


class TestFindUndone:
    @settings(max_examples=300, deadline=None)
    @given(events)
    def test_each_undoing_takes_the_latest_that_stands(self, found: list[tuple[int, int]]) -> None:
        group = np.array([one for one, _ in found], dtype=np.int64)
        step = np.array([one for _, one in found], dtype=np.int8)
        assert find_undone(group, step).tolist() == one_by_one(found)

    def test_undoing_before_is_ignored(self) -> None:
        assert find_undone(np.zeros(3, dtype=np.int64), np.array([-1, 1, 1], dtype=np.int8)).tolist() == [False] * 3
