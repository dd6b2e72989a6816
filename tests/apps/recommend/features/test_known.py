"""Each definition: a known answer, its bounds, and what it says where nothing happened."""

from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.profiles.contracts import PURPOSES
from apps.recommend import conf
from apps.recommend.features.counted import Counts
from apps.recommend.features.counts import day_bucket, hour_bucket, pair_bucket
from apps.recommend.features.define import Definition, StateDefinition, Value, faded
from apps.recommend.features.definitions import DEFINITIONS
from apps.recommend.features.facts import ItemFacts
from apps.recommend.features.known.rates import smoothed
from apps.recommend.features.state import EMPTY, CountKey, ShopperState, Tally, Touch
from apps.recommend.features.values import (
    STATE_DEFINITIONS,
    counted_definitions,
    counted_values_of,
    left_out,
    values_of,
)
from tests.apps.recommend.features.catalogue import DAY, FACTS, NOW, WEIGHTS, touch

ALL = frozenset(PURPOSES)
HISTORY = frozenset({"history_personalisation"})
CARE = {
    *("care_category_affinity", "care_brand_affinity"),
    *("care_recent_items", "care_bought_items", "care_dismissed_items"),
}
TODAY, HOUR = int(NOW // DAY), int(NOW // 3_600)


def says(state: ShopperState, name: str, *, purposes: frozenset[str] = ALL) -> Value:
    return values_of(state, purposes=purposes, now=NOW, weights=WEIGHTS, facts=FACTS)[name]


def recent(*touches: Touch) -> ShopperState:
    return ShopperState(recent=tuple(sorted(touches, key=lambda found: found.time)))


def day(count: str, ago: int, **fields: int) -> tuple[CountKey, dict[str, int]]:
    return ("lens-lane", count, day_bucket(TODAY - ago)), fields


def hour(count: str, ago: int, **fields: int) -> tuple[CountKey, dict[str, int]]:
    return ("lens-lane", count, hour_bucket(HOUR - ago)), fields


def item_says(name: str, *counts: tuple[CountKey, dict[str, int]], item: str = "a") -> Value:
    entity = counted_definitions("item")
    return counted_values_of(Counts(dict(counts)), entity, site_id="lens-lane", name=item, now=NOW)[name]


def placement_says(name: str, *counts: tuple[CountKey, dict[str, int]]) -> Value:
    entity = counted_definitions("placement")
    return counted_values_of(Counts(dict(counts)), entity, site_id="lens-lane", name="home", now=NOW)[name]


class TestDefinitions:
    def test_names_are_unique(self) -> None:
        names = [definition.name for definition in DEFINITIONS]
        assert len(names) == len(set(names))

    @pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda found: found.name)
    def test_what_is_of_a_person_needs_a_consent(self, definition: Definition) -> None:
        personal = definition.entity in {"shopper", "session"}
        assert (definition.sensitivity != "public") == personal
        assert (definition.purpose is not None) == personal
        assert definition.needed <= frozenset(PURPOSES)

    def test_health_needs_its_own(self) -> None:
        health = {found.name: found.needed for found in DEFINITIONS if found.sensitivity == "health"}
        both = frozenset({"history_personalisation", "rx_personalisation"})
        assert health == dict.fromkeys(CARE, both)


class TestValuesOf:
    @pytest.mark.parametrize("definition", STATE_DEFINITIONS, ids=lambda found: found.name)
    def test_none_is_computed_without_every_purpose_it_needs(self, definition: StateDefinition) -> None:
        for missing in definition.needed:
            found = values_of(EMPTY, purposes=ALL - {missing}, now=NOW, weights=WEIGHTS, facts=FACTS)
            assert definition.name not in found
        assert definition.name in values_of(EMPTY, purposes=definition.needed, now=NOW, weights=WEIGHTS, facts=FACTS)

    def test_nothing_granted_is_nothing_computed(self) -> None:
        assert values_of(recent(touch("frame-1")), purposes=frozenset(), now=NOW, weights=WEIGHTS, facts=FACTS) == {}

    def test_what_is_left_out_is_named(self) -> None:
        assert {found.name for found in left_out(HISTORY)} == CARE

    def test_withdrawing_health_changes_nothing_else(self) -> None:
        state = recent(touch("aid-1", days=1), touch("frame-1"))
        everything = values_of(state, purposes=ALL, now=NOW, weights=WEIGHTS, facts=FACTS)
        general = values_of(state, purposes=HISTORY, now=NOW, weights=WEIGHTS, facts=FACTS)
        assert everything.keys() - general.keys() == CARE
        assert {name: everything[name] for name in general} == general

    @pytest.mark.parametrize(
        ("name", "empty"),
        [
            *((name, {}) for name in ("recent_items", "bought_items", "dismissed_items", "brand_affinity")),
            *((name, {}) for name in ("category_affinity", "shape_affinity", "care_brand_affinity", "price_affinity")),
            *((name, None) for name in ("hours_since_last", "days_known", "price_level")),
            *((name, 0.0) for name in ("views_ever", "views_hour", "active_days_7d", "session_depth")),
        ],
    )
    def test_an_empty_state(self, name: str, empty: Value) -> None:
        assert says(EMPTY, name) == empty


class TestRecent:
    def test_items_by_their_strongest_touch_oldest_first(self) -> None:
        state = recent(touch("frame-1", "add_to_cart", days=3), touch("frame-2", days=2), touch("frame-1", days=1))
        assert list((says(state, "recent_items") or {}).items()) == [("frame-2", 1.0), ("frame-1", 2.0)]  # type: ignore[union-attr]  # a mapping

    def test_what_was_taken_back_says_nothing(self) -> None:
        state = recent(touch("frame-1", "add_to_cart", days=2), touch("frame-1", "remove_from_cart", days=1))
        assert says(state, "recent_items") == {}

    def test_bought_items_in_days(self) -> None:
        orders = (touch("frame-1", "purchase", days=3), touch("frame-2", "purchase", days=2))
        state = ShopperState(orders=(*orders, touch("frame-2", "return", days=1)))
        assert says(state, "bought_items") == pytest.approx({"frame-1": 3.0})

    def test_dismissed_items_until_they_are_looked_at_again(self) -> None:
        dismissals = (touch("frame-1", "dismiss", days=2), touch("frame-2", "dismiss", days=2))
        state = ShopperState(recent=(touch("frame-2", days=1),), dismissals=dismissals)
        assert says(state, "dismissed_items") == {"frame-1": 1.0}

    def test_what_says_something_of_health_is_named_by_its_own_alone(self) -> None:
        bought = tuple(touch(item, "purchase", days=2) for item in ("aid-1", "frame-1"))
        dismissals = tuple(touch(item, "dismiss", days=1) for item in ("aid-2-unknown", "frame-2"))
        state = ShopperState(recent=bought, orders=bought, dismissals=dismissals)
        for name, own, health in (
            ("recent_items", {"frame-1": 3.0}, {"aid-1": 3.0}),
            ("bought_items", {"frame-1": 2.0}, {"aid-1": 2.0}),
            ("dismissed_items", {"frame-2": 1.0}, {"aid-2-unknown": 1.0}),
        ):
            assert says(state, name, purposes=HISTORY) == pytest.approx(own)
            assert says(state, f"care_{name}") == pytest.approx(health)


class TestCountsOfShoppers:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [("views_ever", 9.0), ("views_hour", 2.0), ("views_day", 3.0 * 2 ** (-1 / 24)), ("clicks_day", 0.0)],
    )
    def test_sums_fade_from_where_they_stood(self, name: str, expected: float) -> None:
        state = ShopperState(tallies={"view": Tally(9, hour=4.0, day=3.0, week=2.0, at=NOW - 3_600)})
        assert says(state, name) == pytest.approx(expected)

    def test_a_week(self) -> None:
        state = ShopperState(tallies={"purchase": Tally(1, hour=1.0, day=1.0, week=1.0, at=NOW - 7 * DAY)})
        assert says(state, "purchases_week") == pytest.approx(0.5)


class TestRecency:
    STATE = ShopperState(
        days={TODAY: 4, TODAY - 6: 1, TODAY - 7: 1, TODAY - 29: 1, TODAY - 30: 1, TODAY - 63: 1},
        first=NOW - 63 * DAY,
        last=NOW - 1_800,
    )

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            *(("active_days_7d", 2.0), ("active_days_30d", 4.0), ("active_days_64d", 6.0)),
            *(("hours_since_last", 0.5), ("days_known", 63.0)),
        ],
    )
    def test_known_answers(self, name: str, expected: float) -> None:
        assert says(self.STATE, name) == pytest.approx(expected)

    def test_an_event_ahead_of_the_clock_is_no_negative_age(self) -> None:
        assert says(ShopperState(first=NOW + 60, last=NOW + 60), "hours_since_last") == 0.0


class TestSessions:
    def test_depth_and_items_of_the_newest_session(self) -> None:
        state = recent(
            touch("frame-1", days=2, session=1),
            touch("frame-1", days=0.3, session=2),
            touch("frame-2", days=0.2, session=2),
            touch("frame-1", "click", days=0.1, session=2),
        )
        assert (says(state, "session_depth"), says(state, "session_items")) == (3.0, 2.0)

    def test_without_a_session_id_there_is_none(self) -> None:
        assert says(recent(touch("frame-1", session=3, days=1), touch("frame-2")), "session_depth") == 0.0


class TestAffinity:
    def test_shares_by_weight_and_age(self) -> None:
        half = conf.INTEREST_HALF_LIFE.days
        state = recent(touch("frame-1"), touch("frame-3", "add_to_cart", days=half), touch("frame-4", days=half))
        assert says(state, "brand_affinity") == pytest.approx({"Lumen": 1 / 2.5, "Ardea": 1.5 / 2.5})

    def test_categories_above_count_with_each(self) -> None:
        state = recent(touch("frame-1"), touch("frame-3"))
        assert says(state, "category_affinity") == pytest.approx({"frames": 1.0, "round": 0.5})

    def test_only_what_has_the_attribute_is_asked(self) -> None:
        state = recent(touch("frame-1"), touch("frame-2"), touch("frame-3"), touch("frame-4"))
        assert says(state, "shape_affinity") == pytest.approx({"round": 2 / 3, "aviator": 1 / 3})

    def test_the_colour_family_comes_before_the_colour(self) -> None:
        assert says(recent(touch("frame-1"), touch("frame-2")), "colour_affinity") == {"black": 0.5, "tortoise": 0.5}

    def test_price_bands_are_fifths_of_the_category(self) -> None:
        state = recent(touch("frame-1"), touch("frame-5"))
        assert says(state, "price_affinity") == {"1": 0.5, "5": 0.5}

    def test_a_type_without_weight_says_nothing(self) -> None:
        found = values_of(
            recent(touch("frame-1"), touch("frame-3", "purchase")),
            purposes=HISTORY,
            now=NOW,
            weights=WEIGHTS | {"view": 0.0},
            facts=FACTS,
        )
        assert found["brand_affinity"] == {"Ardea": 1.0}

    def test_touches_of_health_are_in_none_but_their_own(self) -> None:
        state = recent(touch("aid-1"), touch("frame-1"))
        assert says(state, "brand_affinity") == {"Lumen": 1.0}
        assert says(state, "care_brand_affinity") == {"Sonor": 1.0}
        assert says(state, "care_category_affinity") == {"hearing": 1.0}

    def test_items_that_the_catalogue_does_not_know_say_nothing(self) -> None:
        state = recent(touch("gone-1"))
        assert (says(state, "brand_affinity"), says(state, "care_brand_affinity")) == ({}, {})

    def test_without_a_catalogue_nothing_is_said(self) -> None:
        state = recent(touch("frame-1"))
        found = values_of(state, purposes=ALL, now=NOW, weights=WEIGHTS, facts=ItemFacts())
        assert (found["brand_affinity"], found["price_level"]) == ({}, None)

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["frame-1", "frame-2", "frame-3", "frame-5", "sun-1", "aid-1", "gone"]),
                st.sampled_from(["view", "click", "add_to_cart", "purchase", "rate"]),
                st.floats(0.0, 400.0),
            ),
            max_size=12,
        )
    )
    def test_shares_stay_between_nothing_and_all(self, told: list[tuple[str, str, float]]) -> None:
        state = recent(*(touch(item, kind, days=days) for item, kind, days in told))
        found = values_of(state, purposes=ALL, now=NOW, weights=WEIGHTS, facts=FACTS)
        for definition in STATE_DEFINITIONS:
            if definition.name.endswith("_affinity"):
                shares = found[definition.name]
                assert isinstance(shares, dict)
                assert all(0.0 < share <= 1.0 + 1e-9 for share in shares.values())
        assert found["price_level"] is None or 0.0 <= found["price_level"] <= 1.0  # type: ignore[operator]  # a number


class TestPriceLevel:
    @pytest.mark.parametrize(("item", "level"), [("frame-1", 0.1), ("frame-3", 0.5), ("frame-5", 0.9)])
    def test_the_place_in_the_category(self, item: str, level: float) -> None:
        assert says(recent(touch(item)), "price_level") == pytest.approx(level)

    def test_the_mean_by_weight(self) -> None:
        state = recent(touch("frame-1"), touch("frame-5", "add_to_cart"))
        assert says(state, "price_level") == pytest.approx((0.1 + 2 * 0.9) / 3)

    def test_items_without_a_price_are_left_out(self) -> None:
        assert says(recent(touch("sun-1")), "price_level") is None


class TestCountsOfItems:
    def test_whole_hours_fade_by_the_hour(self) -> None:
        counts = (hour("item.view", 0, a=4, b=9), hour("item.view", 1, a=2), hour("item.view", 49, a=1_000))
        assert item_says("item_views_hour", *counts) == pytest.approx(5.0)

    def test_whole_days_fade_by_day_and_week(self) -> None:
        counts = (day("item.purchase", 0, a=4), day("item.purchase", 7, a=128))
        assert item_says("item_purchases_day", *counts) == pytest.approx(5.0)
        assert item_says("item_purchases_week", *counts) == pytest.approx(68.0)

    def test_an_item_never_seen(self) -> None:
        assert item_says("item_views_day", day("item.view", 0, b=3)) == 0.0

    def test_placements_have_their_own(self) -> None:
        counts = (day("placement.impression", 0, home=5), day("item.impression", 0, home=7))
        assert placement_says("placement_impressions_day", *counts) == 5.0


class TestRates:
    def test_the_mean_of_the_posterior(self) -> None:
        assert smoothed(3.0, 10.0, mean=0.1, strength=50.0) == pytest.approx((3 + 5) / 60)

    @given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1), st.floats(0.1, 1e4))
    def test_it_is_a_share(self, successes: float, trials: float, mean: float, strength: float) -> None:
        assert 0.0 <= smoothed(successes, trials, mean=mean, strength=strength) <= 1.0 + 1e-9

    @given(st.integers(1, 1_000), st.floats(0.01, 0.99))
    def test_more_trials_trust_the_item_more(self, trials: int, mean: float) -> None:
        few = smoothed(trials, trials, mean=mean, strength=50.0)
        assert mean < few < smoothed(2 * trials, 2 * trials, mean=mean, strength=50.0) < 1.0

    def test_an_items_rate_is_drawn_to_that_of_the_site(self) -> None:
        counts = (day("item.click", 1, a=10, b=10), day("item.impression", 6, a=50, b=150))
        site = (20 + conf.USUAL_RATES["click"]) / 201
        assert item_says("item_ctr_7d", *counts) == pytest.approx((10 + 50 * site) / 100)

    def test_an_item_never_shown_has_the_rate_of_the_site(self) -> None:
        counts = (day("item.purchase", 3, b=10), day("item.view", 3, b=100))
        site = (10 + conf.USUAL_RATES["purchase"]) / 101
        assert item_says("item_conversion_28d", *counts) == pytest.approx(site)

    def test_without_anything_it_is_the_usual_rate(self) -> None:
        assert item_says("item_cart_rate_28d") == pytest.approx(conf.USUAL_RATES["add_to_cart"])

    def test_what_is_older_than_the_window_is_not_counted(self) -> None:
        counts = (day("placement.click", 7, home=500), day("placement.impression", 7, home=500))
        assert placement_says("placement_ctr_7d", *counts) == pytest.approx(conf.USUAL_RATES["click"])

    def test_placements_are_bought_from(self) -> None:
        counts = (day("placement.purchase", 0, home=4), day("placement.impression", 0, home=50))
        site = (4 + conf.USUAL_RATES["purchase"]) / 51
        assert placement_says("placement_conversion_28d", *counts) == pytest.approx((4 + 50 * site) / 100)


class TestTrending:
    def test_an_item_that_fares_as_the_site_does_is_at_nothing(self) -> None:
        counts = (hour("item.view", 0, a=10, b=90), hour("item.view", 10, a=20, b=180))
        assert item_says("trending", *counts) == pytest.approx(0.0)

    def test_more_than_expected(self) -> None:
        counts = (hour("item.view", 5, a=35, b=65), hour("item.view", 6, a=15, b=85))
        assert item_says("trending", *counts) == pytest.approx(log2(40 / 20))

    def test_less_than_expected(self) -> None:
        counts = (hour("item.view", 0, b=100), hour("item.view", 48, a=15, b=85))
        assert item_says("trending", *counts) == pytest.approx(log2(5 / 20))

    def test_a_new_item_on_a_quiet_site(self) -> None:
        assert item_says("trending", hour("item.view", 0, a=5)) == pytest.approx(1.0)

    def test_never_seen(self) -> None:
        assert item_says("trending") == 0.0


class TestFollowedBy:
    def test_amounts_of_all_days_the_greatest_first(self) -> None:
        counts = (
            (("lens-lane", "pairs", pair_bucket(TODAY, "a")), {"b": 8, "c": 4}),
            (("lens-lane", "pairs", pair_bucket(TODAY - 14, "a")), {"c": 12, "d": -2}),
            (("lens-lane", "pairs", pair_bucket(TODAY - 15, "a")), {"e": 99}),
            (("lens-lane", "pairs", pair_bucket(TODAY, "z")), {"b": 99}),
        )
        found = item_says("followed_by", *counts)
        assert isinstance(found, dict)
        assert list(found.items()) == [("c", 16.0), ("b", 8.0)]

    def test_not_more_than_are_named(self) -> None:
        many = {f"item-{number:03}": number + 1 for number in range(conf.NEIGHBOURS_NAMED + 10)}
        found = item_says("followed_by", (("lens-lane", "pairs", pair_bucket(TODAY, "a")), many))
        assert isinstance(found, dict)
        assert (len(found), min(found.values())) == (conf.NEIGHBOURS_NAMED, 11.0)


class TestFaded:
    @pytest.mark.parametrize(("age", "left"), [(0.0, 1.0), (14 * DAY, 0.5), (28 * DAY, 0.25), (-DAY, 1.0)])
    def test_half_at_the_half_life(self, age: float, left: float) -> None:
        assert faded(age, conf.INTEREST_HALF_LIFE) == pytest.approx(left)
