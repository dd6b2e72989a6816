"""What an event adds to counts that many shoppers share."""

import pytest

from apps.recommend.features.extract import apply_events
from apps.recommend.features.state import Changes
from tests.suites.features.samples import BEN, NOW_SECONDS, SITE, applied, counted, event

DAY_NOW = int(NOW_SECONDS // 86_400)
HOUR_NOW = int(NOW_SECONDS // 3_600)


class TestCounts:
    def test_by_item_and_placement_in_hour_and_day(self) -> None:
        counts = applied([event(1, placement="home"), event(2, "frame-1", shopper_id=BEN)]).counts
        assert counts == {
            (SITE, "item.view", f"h{HOUR_NOW}"): {"frame-1": 2},
            (SITE, "item.view", f"d{DAY_NOW}"): {"frame-1": 2},
            (SITE, "placement.view", f"h{HOUR_NOW}"): {"home": 1},
            (SITE, "placement.view", f"d{DAY_NOW}"): {"home": 1},
        }

    def test_many_bought_at_once_are_one_purchase(self) -> None:
        counts = applied([event(1, "frame-1", "purchase", quantity=5)]).counts
        assert counts[(SITE, "item.purchase", f"d{DAY_NOW}")] == {"frame-1": 1}

    @pytest.mark.parametrize("kind", ["wishlist", "rate", "dismiss", "remove_from_cart"])
    def test_other_types_are_not_counted(self, kind: str) -> None:
        assert applied([event(1, "frame-1", kind)]).counts == {}

    def test_a_bucket_that_is_forgotten_is_left_out(self) -> None:
        counts = applied([event(1, minutes=60 * 24 * 3), event(2, minutes=60 * 24 * 80)]).counts
        assert counts == {(SITE, "item.view", f"d{DAY_NOW - 3}"): {"frame-1": 1}}

    def test_nobody_is_counted_once(self) -> None:
        before = applied([event(1, shopper_id=None)])
        assert counted(before.counts, "item.view")[f"d{DAY_NOW}"] == {"frame-1": 1}
        assert apply_events(before.states, [event(1, shopper_id=None)], now=NOW_SECONDS) == Changes({}, {})

    def test_of_nobody_only_the_mark_is_kept(self) -> None:
        (state,) = applied([event(1, shopper_id=None)]).states.values()
        assert (state.recent, state.tallies, state.days, state.last) == ((), {}, {}, 0.0)
        assert state.marks == (1).to_bytes(8, "big")
