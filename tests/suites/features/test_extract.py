"""The promise of features: a function of the set of events, whatever their order or repetition."""

from datetime import UTC, datetime
from random import Random
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.recommend.features.definitions import EMPTY, ShopperState, Touch, read_state
from apps.recommend.features.extract import apply_touches, merge_states, touches_of
from apps.tracking.contracts import TrackedEvent

DAY = 86_400.0
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANNA = UUID(int=1)


def touch(number: int, item: str, kind: str = "view", *, days_ago: float = 0.0) -> Touch:
    return Touch(item, kind, NOW.timestamp() - days_ago * DAY, UUID(int=number).bytes)


def state_of(*touches: Touch) -> ShopperState:
    return apply_touches(EMPTY, touches)


def event(
    number: int, item: str | None, kind: str = "view", *, shopper: UUID | None = ANNA, rating: float | None = None
) -> TrackedEvent:
    return TrackedEvent(
        site_id="lens-lane", event_id=UUID(int=number), day=NOW.date(), type=kind, time=NOW, received_at=NOW,
        shopper_id=shopper, session_id=None, item_id=item, sku=None, quantity=1, unit_price=None, currency=None,
        order_id=None, query=None, rating=rating, placement=None, position=None, recommendation_id=None,
        channel="web", store_id=None,
    )  # fmt: skip


touches = st.builds(
    touch,
    st.integers(1, 90),
    st.sampled_from(["frame-1", "frame-2", "lens-1"]),
    st.sampled_from(["view", "purchase", "return", "add_to_cart", "remove_from_cart", "dismiss"]),
    days_ago=st.integers(0, 300),
)


class TestTouchesOf:
    def test_an_event_of_nobody_leaves_nothing(self) -> None:
        assert touches_of([event(1, "frame-1", shopper=None)]) == {}

    def test_an_event_about_no_item_leaves_nothing(self) -> None:
        assert touches_of([event(1, None, "search")]) == {}

    def test_an_impression_is_no_interest(self) -> None:
        assert touches_of([event(1, "frame-1", "impression")]) == {}

    def test_a_poor_rating_is_no_interest(self) -> None:
        assert touches_of([event(1, "frame-1", "rate", rating=1.0)]) == {}

    def test_a_view_is_kept_by_site_and_shopper(self) -> None:
        assert touches_of([event(1, "frame-1")]) == {("lens-lane", ANNA): [touch(1, "frame-1")]}


class TestApplyTouches:
    @settings(max_examples=60, deadline=None)
    @given(st.lists(touches, max_size=80), st.randoms(use_true_random=False), st.integers(1, 7))
    def test_order_batches_and_repetition_change_nothing(self, found: list[Touch], random: Random, size: int) -> None:
        shuffled = [*found, *found[:10]]
        random.shuffle(shuffled)
        state = EMPTY
        for start in range(0, len(shuffled), size):
            state = apply_touches(state, shuffled[start : start + size])
        assert state == apply_touches(EMPTY, found)

    def test_the_window_keeps_the_newest(self) -> None:
        state = state_of(*(touch(number, f"frame-{number}", days_ago=number) for number in range(1, 61)))
        assert len(state.recent) == 50
        assert (state.recent[0].item_id, state.recent[-1].item_id) == ("frame-50", "frame-1")

    def test_equal_times_are_ordered_by_event_id(self) -> None:
        state = state_of(touch(2, "frame-2"), touch(1, "frame-1"))
        assert [kept.item_id for kept in state.recent] == ["frame-1", "frame-2"]


class TestMergeStates:
    def test_several_ids_of_one_person_are_one_history(self) -> None:
        merged = merge_states([state_of(touch(2, "frame-2")), state_of(touch(1, "frame-1", days_ago=1))])
        assert read_state(merged, now=NOW.timestamp()).item_ids == ("frame-1", "frame-2")

    def test_nobody_is_empty(self) -> None:
        assert merge_states([]) == EMPTY


class TestReadState:
    def test_an_item_stands_once_at_its_latest_place(self) -> None:
        state = state_of(
            touch(1, "frame-1", days_ago=3), touch(2, "frame-2", days_ago=2), touch(3, "frame-1", days_ago=1)
        )
        assert read_state(state, now=NOW.timestamp()).item_ids == ("frame-2", "frame-1")

    def test_a_purchase_is_bought_until_its_time_is_over(self) -> None:
        state = state_of(touch(1, "frame-1", "purchase", days_ago=399), touch(2, "frame-2", "purchase", days_ago=401))
        assert list(read_state(state, now=NOW.timestamp()).bought) == ["frame-1"]

    def test_a_return_undoes_the_purchase(self) -> None:
        state = state_of(touch(1, "frame-1", "purchase", days_ago=5), touch(2, "frame-1", "return", days_ago=1))
        history = read_state(state, now=NOW.timestamp())
        assert (history.bought, history.item_ids) == ({}, ())

    def test_a_removal_undoes_the_basket_but_not_the_view(self) -> None:
        state = state_of(
            touch(1, "frame-1", "view", days_ago=3),
            touch(2, "frame-2", "add_to_cart", days_ago=2),
            touch(3, "frame-1", "add_to_cart", days_ago=2),
            touch(4, "frame-2", "remove_from_cart", days_ago=1),
            touch(5, "frame-1", "remove_from_cart", days_ago=1),
        )
        assert read_state(state, now=NOW.timestamp()).item_ids == ("frame-1",)

    def test_a_dismissed_item_is_refused(self) -> None:
        state = state_of(touch(1, "frame-1", days_ago=2), touch(2, "frame-1", "dismiss", days_ago=1))
        history = read_state(state, now=NOW.timestamp())
        assert (history.item_ids, history.dismissed) == ((), frozenset({"frame-1"}))

    def test_whoever_comes_back_has_changed_their_mind(self) -> None:
        state = state_of(touch(1, "frame-1", "dismiss", days_ago=2), touch(2, "frame-1", days_ago=1))
        history = read_state(state, now=NOW.timestamp())
        assert (history.item_ids, history.dismissed) == (("frame-1",), frozenset())
