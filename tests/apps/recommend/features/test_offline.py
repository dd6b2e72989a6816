"""Features of the past: nothing of the label's moment or later is in them, and they are what was said online then."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.profiles.contracts import PURPOSES
from apps.recommend import conf
from apps.recommend.features.counted import Counts
from apps.recommend.features.define import Value
from apps.recommend.features.extract import apply_events
from apps.recommend.features.memory_store import MemoryStore
from apps.recommend.features.offline import OFFERED, FeatureValues, Label, Past, Place, point_in_time
from apps.recommend.features.values import counted_definitions, counted_values_of, keys_for, values_of
from apps.tracking.contracts import TrackedEvent
from tests.apps.recommend.features.catalogue import ANNA, FACTS, WEIGHTS

SITE = "lens-lane"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALL = frozenset(PURPOSES)
PLACE = Place(site_id=SITE, weights=WEIGHTS, facts=FACTS)
BEN = UUID(int=8)


def event(number: int, hours: float, item: str = "frame-1", kind: str = "view", **said: Any) -> TrackedEvent:
    time = START + timedelta(hours=hours)
    values: dict[str, Any] = {
        "site_id": SITE, "event_id": UUID(int=number + 1), "day": time.date(), "type": kind, "time": time,
        "received_at": time, "shopper_id": ANNA, "session_id": "s1", "item_id": item, "sku": None, "quantity": 1,
        "unit_price": None, "currency": None, "order_id": None, "query": None, "rating": None, "placement": "home",
        "position": None, "recommendation_id": None, "channel": "web", "store_id": None,
    }  # fmt: skip
    return TrackedEvent(**(values | said))


def label(hours: float, item: str = "frame-1", **said: Any) -> Label:
    values: dict[str, Any] = {"purposes": ALL} | said
    return Label(ANNA, item, START + timedelta(hours=hours), **values)


def at(found: FeatureValues, name: str) -> list[float]:
    return [float(value) for value in found.values[:, found.names.index(name)]]


# Few moments, so that many events and labels share one.
TOLD = st.lists(
    st.tuples(
        st.integers(0, 30).map(lambda step: step * 7.0),
        st.sampled_from(["frame-1", "frame-2", "frame-3", "frame-5", "aid-1", "gone"]),
        st.sampled_from(
            ["view", "click", "impression", "add_to_cart", "remove_from_cart", "purchase", "return", "dismiss"]
        ),
        st.sampled_from([ANNA, ANNA, BEN, None]),
        st.sampled_from(["s1", "s2", None]),
    ),
    min_size=1,
    max_size=14,
)


def events_of(told: list[tuple[float, str, str, UUID | None, str | None]]) -> list[TrackedEvent]:
    events = [
        event(number, hours, item, kind, shopper_id=shopper, session_id=session)
        for number, (hours, item, kind, shopper, session) in enumerate(told)
    ]
    return sorted(events, key=lambda found: (found.time, found.event_id))


def labels_of(events: list[TrackedEvent]) -> list[Label]:
    """Return a label for each event that is somebody's: the event itself is what it must not see."""
    return [
        Label(one.shopper_id, one.item_id, one.time, placement=one.placement, purposes=ALL)
        for one in events
        if one.shopper_id and one.item_id
    ]


def online(events: list[TrackedEvent], asked: Label) -> dict[str, Value]:
    """Return what the store says at the label's time, the stream having come in two batches."""
    now = asked.time.timestamp()
    store = MemoryStore(clock=lambda: now)
    for batch in (events[::2], events[1::2]):
        keys = [(SITE, ANNA), (SITE, BEN)]
        before = dict(zip(keys, store.read(keys), strict=True))
        assert store.write(apply_events(before, batch, now=now), ground=None, expected={}, positions={})
    found = values_of(
        store.read([(SITE, asked.shopper_id)])[0], purposes=asked.purposes, now=now, weights=WEIGHTS, facts=FACTS
    )
    for entity, name in (("item", asked.item_id), ("placement", "home")):
        definitions = counted_definitions(entity)  # type: ignore[arg-type]  # one of its words
        keys_read = keys_for(definitions, site_id=SITE, name=name, now=now)
        counts = Counts(dict(zip(keys_read, store.read_counts(keys_read), strict=True)))
        found |= counted_values_of(counts, definitions, site_id=SITE, name=name, now=now)
    return found


class TestPointInTime:
    @settings(max_examples=25, deadline=None)
    @given(TOLD)
    def test_a_label_sees_nothing_of_its_moment_or_later(
        self, told: list[tuple[float, str, str, UUID | None, str | None]]
    ) -> None:
        events = events_of(told)
        labels = labels_of(events)
        values = point_in_time(place=PLACE, labels=labels, batches=[events]).values
        for row, asked in enumerate(labels):
            before = [one for one in events if one.time < asked.time]
            alone = point_in_time(place=PLACE, labels=[asked], batches=[before]).values[0]
            np.testing.assert_array_equal(values[row], alone)

    @settings(max_examples=25, deadline=None)
    @given(TOLD)
    def test_it_says_what_was_said_online_then(
        self, told: list[tuple[float, str, str, UUID | None, str | None]]
    ) -> None:
        events = events_of(told)
        asked = label(31 * 7.0, "frame-2", placement="home")
        past = Past(PLACE)
        past.add(events)
        found = past.values(asked)
        for name, value in online(events, asked).items():
            if name in found:
                assert found[name] == (None if value is None else pytest.approx(value, rel=1e-9)), name

    def test_the_first_event_of_all_has_nothing_behind_it(self) -> None:
        found = point_in_time(place=PLACE, labels=[label(0)], batches=[[event(1, 0), event(2, 1)]])
        assert (at(found, "views_ever"), at(found, "recent_items"), at(found, "brand_affinity")) == (
            [0.0],
            [0.0],
            [0.0],
        )
        assert np.isnan(at(found, "hours_since_last")).all()

    def test_known_answers_in_the_order_of_the_labels(self) -> None:
        events = [event(1, 0), event(2, 1, "frame-3", "add_to_cart"), event(3, 2, kind="click")]
        found = point_in_time(place=PLACE, labels=[label(2), label(0.5)], batches=[events[:1], events[1:]])
        assert at(found, "views_ever") == [1.0, 1.0]
        assert at(found, "cart_adds_ever") == [1.0, 0.0]
        assert at(found, "recent_items") == [1.0, 1.0]
        assert at(found, "hours_since_last") == pytest.approx([1.0, 0.5])

    def test_an_affinity_is_that_of_the_labels_item(self) -> None:
        labels = [label(1, "frame-2"), label(1, "frame-3"), label(1, "gone")]
        found = point_in_time(place=PLACE, labels=labels, batches=[[event(1, 0)]])
        assert at(found, "brand_affinity") == [1.0, 0.0, 0.0]
        assert at(found, "category_affinity") == [1.0, 1.0, 0.0]

    def test_without_consent_there_is_no_value(self) -> None:
        found = point_in_time(place=PLACE, labels=[label(1, purposes=frozenset())], batches=[[event(1, 0)]])
        personal = [name for name, value in zip(found.names, found.values[0], strict=True) if np.isnan(value)]
        assert "views_ever" in personal
        assert at(found, "item_views_day") == [1.0]

    def test_merged_shoppers_are_one(self) -> None:
        events = [event(1, 0, shopper_id=BEN), event(2, 0.5)]
        labels = [label(1), label(1, alias_ids=(BEN,))]
        assert at(point_in_time(place=PLACE, labels=labels, batches=[events]), "views_ever") == [1.0, 2.0]

    def test_other_sites_are_not_counted(self) -> None:
        events = [event(1, 0, site_id="other"), event(2, 0.5)]
        found = point_in_time(place=PLACE, labels=[label(1)], batches=[events])
        assert (at(found, "views_ever"), at(found, "item_views_day")) == ([1.0], [1.0])

    def test_seasons_are_those_of_the_labels_midnight(self) -> None:
        events = [event(1, 0), event(2, 0, "frame-2"), event(3, 13), event(4, 13, "frame-2"), event(5, 14, "frame-2")]
        found = point_in_time(place=PLACE, labels=[label(11), label(20), label(60)], batches=[events])
        faded_once = 2 ** (-1 / conf.POPULARITY_HALF_LIFE.days)
        popular = (faded_once**2 + faded_once) / (faded_once**2 + 2 * faded_once)
        assert at(found, "popularity_90d") == pytest.approx([np.nan, 1.0, popular], nan_ok=True)

    def test_only_the_named_features(self) -> None:
        found = point_in_time(place=PLACE, labels=[label(1)], batches=[[event(1, 0)]], names={"views_ever", "trending"})
        assert found.names == ["views_ever", "trending"]
        assert found.values.shape == (1, 2)
        assert found.values.dtype == np.dtype(np.float64)

    def test_no_labels(self) -> None:
        found = point_in_time(place=PLACE, labels=[], batches=[[event(1, 0)]])
        assert found.values.shape == (0, len(OFFERED))

    def test_events_out_of_order_are_refused(self) -> None:
        with pytest.raises(ValueError, match="older than the one before"):
            point_in_time(place=PLACE, labels=[label(9)], batches=[[event(1, 2), event(2, 1)]])
