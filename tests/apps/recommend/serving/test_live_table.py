"""Live counts against counts of everything: late, repeated, undone events, and whatever the training read of them."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.recommend import conf
from apps.recommend.features.held import Held
from apps.recommend.features.memory_store import MemoryStore
from apps.recommend.features.touch_log import LogPage
from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.ml.pairtable import count
from apps.recommend.registry.live_base import LiveBase
from apps.recommend.serving.live import Following
from apps.recommend.training.dataset import Happened, make_happened
from apps.recommend.training.recipes import DEFAULT_RECIPE
from apps.tracking.contracts import EVENT_TYPES, Interactions, TrackedEvent
from tests.suites.features.samples import NOW, SITE, event
from tests.unit.ml.pair_samples import matrix

ITEMS = [f"frame-{number}" for number in range(6)]
KINDS = ("view", "view", "click", "add_to_cart", "remove_from_cart", "purchase", "return", "rate")
GROUND = "rebuilt:1"
PARAMS = DEFAULT_RECIPE.covisitation


def drawn(chance: random.Random, size: int) -> list[TrackedEvent]:
    """Return events of a few shoppers, some at one time, some of an item that no model knows."""
    return [
        event(
            number + 1,
            chance.choice([*ITEMS, "frame-new"]),
            chance.choice(KINDS),
            minutes=chance.randrange(0, 3_000, 20),
            shopper_id=UUID(int=chance.randrange(1, 4)),
            rating=chance.choice([1.0, 4.0]),
        )
        for number in range(size)
    ]


def happened(events: Sequence[TrackedEvent]) -> Happened:
    """Return the events as a training reads them from the table."""
    kept = [one for one in events if one.type != "rate" or (one.rating or 0) > 2.5]
    kept.sort(key=lambda one: (one.time, one.event_id.int))
    shoppers = sorted({one.shopper_id for one in kept if one.shopper_id})
    ids = sorted({one.item_id for one in kept if one.item_id})
    found = Interactions(
        shopper_ids=shoppers,
        shopper=np.array([shoppers.index(one.shopper_id) for one in kept if one.shopper_id], dtype=np.int32),
        session=np.zeros(len(kept), dtype=np.int32),
        item_ids=ids,
        item=np.array([ids.index(one.item_id) for one in kept if one.item_id], dtype=np.int32),
        type=np.array([EVENT_TYPES.index(one.type) for one in kept], dtype=np.int8),
        time=np.array([one.time.timestamp() for one in kept], dtype=np.float64),
        mark=np.array([one.event_id.int for one in kept], dtype=np.uint64),
    )
    return make_happened({item: row for row, item in enumerate(ITEMS)}, found, {}, DEFAULT_RECIPE)


def refit(events: Sequence[TrackedEvent]) -> PairCounts:
    """Return the counts of all these events, each once."""
    unique = {one.event_id: one for one in events}
    return count(happened(list(unique.values())).sequences, len(ITEMS), PARAMS)


def trained(events: Sequence[TrackedEvent], taken_at: datetime = NOW) -> LiveBase:
    """Return what a training of these events leaves behind."""
    return LiveBase(
        item_ids=ITEMS,
        counts=refit(events),
        params=PARAMS,
        marks=happened(events).marks,
        weights=DEFAULT_RECIPE.event_weights,
        since=0.0,
        taken_at=taken_at.timestamp(),
    )


class Shop:
    """A feature store with its consumer, and what follows its log."""

    def __init__(self) -> None:
        self.time = NOW
        self.store = MemoryStore(clock=self.clock)
        self.begin()

    def clock(self) -> float:
        return self.time.timestamp()

    def begin(self, ground: str = GROUND) -> None:
        self.ground = ground
        self.store.clear(ground=ground)
        self.consumer = Held(self.store)

    def take(self, *events: TrackedEvent) -> None:
        self.time += timedelta(seconds=1)
        now = self.time.timestamp()
        self.consumer.write(events, now=now, ground=self.ground, expected={}, positions={"0": "1"})

    def follow(self, base: LiveBase) -> Following:
        following = Following(SITE, base, self.store)
        following.step()
        return following


def assert_equal(found: PairCounts | None, expected: PairCounts) -> None:
    assert found is not None
    assert np.allclose(matrix(found), matrix(expected), rtol=1e-4, atol=1e-4)
    assert np.allclose(found.row_sums, expected.row_sums)
    assert np.allclose(found.column_sums, expected.column_sums)
    assert np.isclose(found.step_sum, expected.step_sum)
    assert np.isclose(found.step_count, expected.step_count)


class TestFollowing:
    @given(seed=st.integers(0, 10_000), read=st.floats(0, 1), size=st.integers(1, 60))
    @settings(max_examples=60, deadline=None)
    def test_it_ends_as_a_refit_of_everything(self, seed: int, read: float, size: int) -> None:
        """In any order, in any batches, some twice, with a training that read any of them, across a restart."""
        chance = random.Random(seed)
        events = drawn(chance, size)
        base = trained([one for one in events if chance.random() < read])
        told = events + chance.sample(events, size // 3)
        chance.shuffle(told)
        shop = Shop()
        steady, at = shop.follow(base), 0
        while at < len(told):
            batch = chance.randrange(1, 8)
            shop.take(*told[at : at + batch])
            at += batch
            if chance.random() < 0.6:
                steady.step()
        steady.step()
        expected = refit(events)
        assert_equal(steady.counts, expected)
        assert_equal(shop.follow(base).counts, expected)

    def test_shoppers_given_up_from_memory_count_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(conf, "LIVE_SHOPPERS", 1)
        events = drawn(random.Random(5), 60)
        shop = Shop()
        following = shop.follow(trained(events[:10]))
        for one in events:
            shop.take(one)
            following.step()
        assert_equal(following.counts, refit(events))

    def test_more_entries_than_a_page(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(conf, "LIVE_PAGE", 4)
        events = drawn(random.Random(6), 30)
        shop = Shop()
        for one in events:
            shop.take(one)
        assert_equal(shop.follow(trained([])).counts, refit(events))

    def test_features_built_anew(self) -> None:
        """What a rebuild brings again is not added again."""
        events = drawn(random.Random(7), 40)
        shop = Shop()
        following = shop.follow(trained(events[:10]))
        shop.take(*events[:30])
        following.step()
        before = following.counts
        shop.begin("rebuilding:2")
        following.step()
        assert following.counts is before
        shop.take(*events[:35])
        shop.store.move(ground="rebuilding:2", to="rebuilt:2", positions={})
        shop.ground = "rebuilt:2"
        shop.take(*events[35:])
        following.step()
        assert_equal(following.counts, refit(events))

    def test_a_log_that_begins_after_the_training_is_not_gone_on_from(self) -> None:
        events = drawn(random.Random(8), 20)
        shop = Shop()
        shop.take(*events)
        old = NOW - conf.LOGGED_FOR - timedelta(minutes=1)
        following = shop.follow(trained([], taken_at=old))
        assert (following.counts, following.state) == (None, "lost")

    def test_entries_that_are_gone_are_noticed(self) -> None:
        """Of a log that was trimmed before it was read, and that begins too late then."""
        events = drawn(random.Random(9), 20)
        shop = Shop()
        following = shop.follow(trained([]))
        shop.time += timedelta(hours=1)
        for one in events:
            shop.take(one)
        del shop.store.logs[SITE][:3]
        following.step()
        assert (following.counts, following.state) == (None, "lost")

    def test_a_store_that_lost_its_end_is_read_again(self) -> None:
        """As a Redis that came back a second older: what it lost is taken in again, under numbers seen before."""
        events = drawn(random.Random(10), 20)
        shop = Shop()
        following = shop.follow(trained([]))
        shop.take(*events[:10])
        kept = shop.store.states.copy()
        shop.take(*events[10:15])
        following.step()
        shop.store.states = kept
        del shop.store.logs[SITE][1:]
        shop.consumer.forget()
        shop.take(*events[10:])
        following.step()
        assert_equal(following.counts, refit(events))

    @pytest.mark.parametrize("page", [4, 500])
    def test_one_that_is_missing_for_ever_is_not_looked_for_for_ever(
        self, page: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(conf, "LIVE_PAGE", page)
        shop = Shop()
        for one in drawn(random.Random(11), 20):
            shop.take(one)
        del shop.store.logs[SITE][9]
        pages = []
        read = shop.store.read_log

        def read_log(**asked: Any) -> LogPage:
            pages.append(asked)
            assert len(pages) < 100
            return read(**asked)

        monkeypatch.setattr(shop.store, "read_log", read_log)
        following = shop.follow(trained([]))
        assert (following.counts, following.state) == (None, "lost")
