"""How often a shopper was shown what: counted by day, the newest kept, the same in any order."""

import random
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.recommend.conf import SEEN_KEPT
from apps.recommend.features import seen
from apps.recommend.features.extract import merge_states
from apps.recommend.features.history import read_state
from apps.recommend.features.redis_store import state_of
from apps.recommend.features.shopper import PackedShopper
from apps.recommend.features.state import ShopperState
from tests.suites.features.samples import NOW_SECONDS, anna, event

DAY = seen.DAY
NOW = datetime(2026, 3, 10, 15, tzinfo=UTC).timestamp()
TODAY = int(NOW // DAY)


class TestAdd:
    def test_counts_by_day_and_item(self) -> None:
        found: seen.Seen = {}
        for day, item in ((5, "a"), (5, "a"), (6, "a"), (5, "b")):
            seen.add(found, day, item)

        assert found == {5: {"a": 2, "b": 1}, 6: {"a": 1}}

    def test_keeps_the_newest(self) -> None:
        found: seen.Seen = {}
        for number in range(SEEN_KEPT):
            seen.add(found, 7, f"i{number:03}")
        seen.add(found, 6, "older")
        seen.add(found, 8, "newer")

        assert sum(map(len, found.values())) == SEEN_KEPT
        assert (found[8], 6 in found, "i000" in found[7]) == ({"newer": 1}, False, False)

    @given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 30)), max_size=400), st.integers(0, 9))
    @settings(max_examples=50, deadline=None)
    def test_is_the_same_in_any_order(self, shown: list[tuple[int, int]], seed: int) -> None:
        shuffled = random.Random(seed).sample(shown, len(shown))
        one: seen.Seen = {}
        other: seen.Seen = {}
        for found, order in ((one, shown), (other, shuffled)):
            for day, item in order:
                seen.add(found, day, f"i{item}")

        assert one == other


class TestTogether:
    def test_adds_up_and_changes_neither(self) -> None:
        one, other = {5: {"a": 1}}, {5: {"a": 2, "b": 1}, 6: {"a": 1}}

        assert seen.together(one, other) == {5: {"a": 3, "b": 1}, 6: {"a": 1}}
        assert (one, other) == ({5: {"a": 1}}, {5: {"a": 2, "b": 1}, 6: {"a": 1}})

    def test_keeps_no_more_than_one_does(self) -> None:
        one: seen.Seen = {1: {f"a{n}": 1 for n in range(SEEN_KEPT)}}
        other: seen.Seen = {2: {f"b{n}": 1 for n in range(SEEN_KEPT)}}

        assert seen.together(one, other) == other


class TestTooOften:
    @pytest.mark.parametrize(
        ("most", "days", "touched", "found"),
        [
            (3, 7, (), ["a"]),
            (2, 7, (), ["a", "b"]),
            (2, 1, (), ["b"]),
            (3, 2, (), ["a"]),
            (4, 7, (), []),
            (5, 30, (), ["a"]),
            (2, 7, ("b",), ["a"]),
            (0, 7, (), []),
        ],
    )
    def test_counts_within_the_days(self, most: int, days: int, touched: tuple[str, ...], found: list[str]) -> None:
        held = {TODAY: {"a": 1, "b": 2}, TODAY - 1: {"a": 2}, TODAY - 10: {"a": 2}}

        assert seen.too_often(held, most=most, days=days, now=NOW, touched=touched) == found


class TestState:
    def test_impressions_of_items_are_counted(self) -> None:
        shown = [event(number, item, "impression") for number, item in enumerate(("a", "a", "b", None), start=1)]

        state = anna(*shown, event(9, "c"))

        assert list(state.seen.values()) == [{"a": 2, "b": 1}]
        assert read_state(state, now=NOW_SECONDS).seen == state.seen

    def test_an_event_counts_once(self) -> None:
        shown = event(1, "a", "impression")

        assert list(anna(shown, shown).seen.values()) == [{"a": 1}]

    def test_two_ids_of_one_person_are_added_up(self) -> None:
        states = [ShopperState(seen={3: {"a": 1}}), ShopperState(seen={3: {"a": 1}})]

        assert merge_states(states).seen == {3: {"a": 2}}

    def test_is_stored_and_read(self) -> None:
        shopper = PackedShopper(msgspec.msgpack.encode(ShopperState(seen={3: {"a": 1}})))
        seen.add(shopper.seen, 3, "a")

        assert state_of(shopper.packed()).seen == {3: {"a": 2}}

    def test_a_state_stored_before_there_was_any_is_read(self) -> None:
        before = msgspec.msgpack.encode([[], [], [], {}, {}, 0.0, 0.0, b""])

        assert state_of(before) == ShopperState()
        assert state_of(PackedShopper(before).packed()) == ShopperState()
