"""Windows while they change: both kinds hold the newest touches, in order."""

from collections.abc import Callable, Iterable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.recommend.features.state import Touch
from apps.recommend.features.touches import order
from apps.recommend.features.windows import PackedWindow, PlainWindow, Window

SIZE = 40
Make = Callable[[Iterable[Touch]], Window]


def pack(touches: Iterable[Touch]) -> PackedWindow:
    raws = msgspec.msgpack.decode(msgspec.msgpack.encode(list(touches)), type=list[msgspec.Raw])
    return PackedWindow(raws, SIZE)


@pytest.fixture(params=["plain", "packed"])
def make(request: pytest.FixtureRequest) -> Make:
    """Make a window of each kind."""
    return pack if request.param == "packed" else lambda touches: PlainWindow(touches, SIZE)


def touch(mark: int, time: float = 0.0) -> Touch:
    return Touch(f"frame-{mark}", "view", time, mark, mark % 3)


class TestWindow:
    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.tuples(st.integers(1, 10**18), st.integers(0, 9)), max_size=90, unique_by=lambda one: one[0]))
    def test_the_newest_are_kept_in_order_by_both(self, found: list[tuple[int, int]]) -> None:
        touches = [touch(mark, float(time)) for mark, time in found]
        expected = sorted(touches, key=order)[-SIZE:]
        for window in (PlainWindow([], SIZE), pack([])):
            for one in touches:
                window.put(one)
            assert list(window.touches()) == expected
            assert list(window.newest_first()) == expected[::-1]
            assert (len(window), window.last) == (len(expected), expected[-1] if expected else None)

    def test_it_begins_with_what_was_stored(self, make: Make) -> None:
        touches = [touch(mark, float(mark)) for mark in range(1, SIZE + 1)]
        window = make(touches)
        assert (list(window.touches()), window.last) == (touches, touches[-1])

    def test_a_full_one_takes_no_older(self, make: Make) -> None:
        window = make([touch(mark, float(mark)) for mark in range(10, SIZE + 10)])
        assert (window.takes(touch(1, 9.0)), window.takes(touch(1, 10.5))) == (False, True)

    def test_one_with_room_takes_any(self, make: Make) -> None:
        assert make([touch(5, 5.0)]).takes(touch(1, 1.0)) is True

    def test_it_holds_what_was_put(self, make: Make) -> None:
        window = make([touch(1, 1.0), touch(2, 2.0)])
        assert (window.holds(1.0, 1), window.holds(1.0, 3), window.holds(9.0, 1)) == (True, False, False)


class TestPackedWindow:
    @pytest.mark.parametrize("count", [0, 15, 16, SIZE])
    def test_it_is_stored_as_an_array_of_touches(self, count: int) -> None:
        touches = [touch(mark, float(mark)) for mark in range(1, count + 1)]
        window = pack([])
        for one in touches:
            window.put(one)
        assert window.packed() == msgspec.msgpack.encode(touches)
