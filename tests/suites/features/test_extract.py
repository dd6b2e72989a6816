"""The promise of features: a function of the set of events, whatever their order, batches or repetition."""

from random import Random
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.recommend.features.extract import apply_events, by_state, merge_states
from apps.recommend.features.state import EMPTY, Changes, Touch
from apps.tracking.contracts import TrackedEvent
from tests.suites.features.samples import (
    ANNA,
    NOW_SECONDS,
    SITE,
    anna,
    applied,
    event,
    floats_of,
    histories,
    integers_of,
    stored,
)

DAY_NOW = int(NOW_SECONDS // 86_400)
HOUR_NOW = int(NOW_SECONDS // 3_600)


def in_batches(events: list[TrackedEvent], sizes: Random) -> list[list[TrackedEvent]]:
    found = []
    rest = events
    while rest:
        size = sizes.randint(1, 12)
        found.append(rest[:size])
        rest = rest[size:]
    return found


class TestApplyEvents:
    @settings(max_examples=150, deadline=None)
    @given(histories(), st.randoms(use_true_random=False))
    def test_order_batches_and_repetition_change_nothing(self, found: list[TrackedEvent], random: Random) -> None:
        shuffled = [*found, *found[:20]]
        random.shuffle(shuffled)
        in_order = sorted(found, key=lambda one: (one.time, one.event_id))
        expected, streamed = applied(*([one] for one in in_order)), applied(*in_batches(shuffled, random))
        assert integers_of(streamed) == integers_of(expected)
        assert floats_of(streamed) == pytest.approx(floats_of(expected), abs=1e-6)

    @settings(max_examples=150, deadline=None)
    @given(histories(), st.randoms(use_true_random=False))
    def test_states_in_hand_of_a_writer_come_to_the_same(self, found: list[TrackedEvent], random: Random) -> None:
        batches = in_batches([*found, *found[:5]], random)
        expected, written = applied(*batches), stored(*batches)
        assert integers_of(written) == integers_of(expected)
        assert floats_of(written) == pytest.approx(floats_of(expected), abs=1e-6)

    def test_what_comes_again_is_ignored_whole(self) -> None:
        before = applied([event(1)])
        assert apply_events(before.states, [event(1)], now=NOW_SECONDS) == Changes({}, {})

    def test_what_comes_twice_in_a_batch_counts_once(self) -> None:
        state = applied([event(1), event(1)]).states[(SITE, ANNA)]
        assert (len(state.recent), state.tallies["view"].count) == (1, 1)

    def test_a_touch_in_a_window_is_known_after_its_mark_is_forgotten(self) -> None:
        searches = [event(number, None, "search") for number in range(10, 160)]
        before = applied([event(1, minutes=5)], searches)
        assert before.states[(SITE, ANNA)].tallies["view"].count == 1
        assert apply_events(before.states, [event(1, minutes=5)], now=NOW_SECONDS).states == {}

    def test_the_last_marks_are_kept(self) -> None:
        state = applied([event(number, None, "search") for number in range(1, 140)]).states[(SITE, ANNA)]
        assert len(state.marks) == 128 * 8
        assert state.marks[-8:] == (139).to_bytes(8, "big")

    def test_the_window_keeps_the_newest(self) -> None:
        state = anna(*(event(number, f"frame-{number}", minutes=number) for number in range(1, 61)))
        assert len(state.recent) == 50
        assert (state.recent[0].item_id, state.recent[-1].item_id) == ("frame-50", "frame-1")

    def test_equal_times_are_ordered_by_mark(self) -> None:
        state = anna(event(2, "frame-2"), event(1, "frame-1"))
        assert [kept.item_id for kept in state.recent] == ["frame-1", "frame-2"]

    def test_a_touch_says_what_is_needed(self) -> None:
        (touch,) = anna(event(7, "frame-1", "click", session_id="s1")).recent
        assert touch == Touch("frame-1", "click", NOW_SECONDS, 7, crc32(b"s1"))

    def test_no_session_is_zero(self) -> None:
        (touch,) = anna(event(7, session_id=None)).recent
        assert touch.session == 0

    def test_purchases_have_a_window_of_their_own(self) -> None:
        views = [event(100 + number, f"frame-{number}", minutes=50 - number) for number in range(50)]
        state = anna(event(1, "frame-x", "purchase", minutes=100), *views)
        assert [touch.item_id for touch in state.orders] == ["frame-x"]
        assert "frame-x" not in [touch.item_id for touch in state.recent]

    def test_a_dismissal_is_in_its_window_alone(self) -> None:
        state = anna(event(1, "frame-1", "dismiss"))
        assert (state.recent, [touch.item_id for touch in state.dismissals]) == ((), ["frame-1"])

    @pytest.mark.parametrize(("kind", "said"), [("impression", {}), ("rate", {"rating": 2.5})])
    def test_no_sign_of_interest_is_counted_and_not_recent(self, kind: str, said: dict[str, Any]) -> None:
        state = anna(event(1, "frame-1", kind, **said))
        assert (state.recent, state.tallies[kind].count) == ((), 1)

    def test_a_search_is_counted_without_an_item(self) -> None:
        state = anna(event(1, None, "search"))
        assert (state.recent, state.tallies["search"].count, state.days) == ((), 1, {DAY_NOW: 1})

    def test_first_and_last_are_those_of_all_events(self) -> None:
        state = anna(event(2, minutes=10), event(1, None, "search", minutes=30), event(3, minutes=20))
        assert (state.first, state.last) == (NOW_SECONDS - 1_800, NOW_SECONDS - 600)

    def test_active_days_are_the_newest(self) -> None:
        state = anna(*(event(number, minutes=1_440 * number) for number in range(1, 71)))
        assert sorted(state.days) == list(range(DAY_NOW - 64, DAY_NOW))

    def test_what_is_too_old_changes_nothing(self) -> None:
        assert applied([event(1, minutes=401 * 1_440)]) == Changes({}, {})

    def test_what_is_replayed_changes_nothing(self) -> None:
        assert applied([event(1, replay=True)]) == Changes({}, {})

    def test_sites_are_apart(self) -> None:
        states = applied([event(1), event(1, site_id="other")]).states
        assert sorted(states) == [(SITE, ANNA), ("other", ANNA)]


class TestByState:
    def test_events_of_nobody_share_few_states(self) -> None:
        groups = by_state([event(number, shopper_id=None) for number in range(20_000)], now=NOW_SECONDS)
        assert len(groups) <= 4_096
        assert all(who.int < 4_096 for _, who in groups)

    def test_sites_share_none(self) -> None:
        groups = by_state([event(1, shopper_id=None), event(1, shopper_id=None, site_id="other")], now=NOW_SECONDS)
        assert sorted(site for site, _ in groups) == [SITE, "other"]

    def test_a_shopper_has_one(self) -> None:
        groups = by_state([event(1), event(2)], now=NOW_SECONDS)
        assert {key: len(group) for key, group in groups.items()} == {(SITE, ANNA): 2}


class TestMergeStates:
    def test_several_ids_of_one_person_are_one_history(self) -> None:
        events = [event(number, f"frame-{number}", minutes=90 - number) for number in range(1, 80)]
        one = anna(*events[::2])
        other = anna(*events[1::2])
        merged, whole = merge_states([one, other]), anna(*events)
        assert merged.recent == whole.recent
        assert (merged.days, merged.first, merged.last) == (whole.days, whole.first, whole.last)
        assert merged.tallies["view"].count == 79
        assert merged.tallies["view"].hour == pytest.approx(whole.tallies["view"].hour, abs=1e-6)

    def test_a_touch_of_both_is_there_once(self) -> None:
        assert len(merge_states([anna(event(1)), anna(event(1))]).recent) == 1

    def test_nobody_is_empty(self) -> None:
        assert merge_states([]) == EMPTY

    def test_one_is_itself(self) -> None:
        assert merge_states([anna(event(1))]).recent == anna(event(1)).recent
