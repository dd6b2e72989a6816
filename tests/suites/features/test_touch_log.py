"""The touch log of every store: what is in it, in which order, and what a reader can tell of what is missing."""

import time
from datetime import timedelta
from uuid import UUID

import pytest

from apps.recommend import conf
from apps.recommend.features.held import Held
from apps.recommend.features.memory_store import MemoryStore
from apps.recommend.features.redis_store import RedisStore
from apps.recommend.features.state import Changes, Touch
from apps.recommend.features.store import FeatureStore
from apps.recommend.features.touch_log import pack
from apps.tracking.contracts import TrackedEvent
from specrec.kernel.redis import client
from tests.suites.features.samples import ANNA, BEN, NOW_SECONDS, SITE, event

TOUCH = Touch("frame-1", "view", 1_700_000_000.25, 2**64 - 1, 2**32 - 1)
GROUND = "rebuilt:1"


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> FeatureStore:
    """Each twin, empty, on a ground."""
    found: FeatureStore = MemoryStore() if request.param == "memory" else RedisStore(client(), prefix="suite")
    assert found.clear(ground=GROUND) is True
    return found


def put(store: FeatureStore, *touches: Touch, site_id: str = SITE) -> None:
    changes = Changes(logged={site_id: [(ANNA.bytes, touch) for touch in touches]})
    assert store.write(changes, ground=GROUND, expected={}, positions={}) is True


def write(store: FeatureStore, *events: TrackedEvent) -> None:
    Held(store).write(events, now=NOW_SECONDS, ground=GROUND, expected={}, positions={"0": "1"})


def logged(store: FeatureStore) -> list[tuple[UUID, str]]:
    page = store.read_log(site_id=SITE, after="0", limit=10)
    return [(shopper, touch.item_id) for entry in page.entries for shopper, touch in entry.touches]


class TestReadLog:
    def test_there_is_none(self, store: FeatureStore) -> None:
        page = store.read_log(site_id=SITE, after="0", limit=10)
        assert (page.entries, page.first_number, page.first_time, page.ground) == ([], 0, 0.0, GROUND)

    def test_entries_come_whole_numbered_and_in_order(self, store: FeatureStore) -> None:
        other = Touch("frame-2", "purchase", 1.5, 7, 0)
        put(store, TOUCH, other)
        put(store, other)
        entries = store.read_log(site_id=SITE, after="0", limit=10).entries
        assert [entry.number for entry in entries] == [1, 2]
        assert [entry.touches for entry in entries] == [[(ANNA, TOUCH), (ANNA, other)], [(ANNA, other)]]

    def test_it_goes_on_behind_a_place(self, store: FeatureStore) -> None:
        for _ in range(3):
            put(store, TOUCH)
        first = store.read_log(site_id=SITE, after="0", limit=1).entries
        rest = store.read_log(site_id=SITE, after=first[0].place, limit=10).entries
        assert ([entry.number for entry in first], [entry.number for entry in rest]) == ([1], [2, 3])

    def test_sites_are_apart(self, store: FeatureStore) -> None:
        put(store, TOUCH, site_id="other-site")
        put(store, TOUCH)
        assert [entry.number for entry in store.read_log(site_id=SITE, after="0", limit=10).entries] == [1]

    def test_a_write_that_is_refused_logs_nothing(self, store: FeatureStore) -> None:
        changes = Changes(logged={SITE: [(ANNA.bytes, TOUCH)]})
        assert store.write(changes, ground="another", expected={}, positions={}) is False
        assert logged(store) == []

    def test_a_new_ground_begins_a_new_log(self, store: FeatureStore) -> None:
        put(store, TOUCH)
        put(store, TOUCH)
        store.clear(ground=GROUND)
        put(store, TOUCH)
        page = store.read_log(site_id=SITE, after="0", limit=10)
        assert [entry.number for entry in page.entries] == [1]
        assert page.since == pytest.approx(time.time() - conf.LOGGED_FOR.total_seconds(), abs=60.0)

    def test_where_no_log_was_begun_it_holds_what_comes_from_now_on(self, store: FeatureStore) -> None:
        store.clear()
        assert store.read_log(site_id=SITE, after="0", limit=10).since is None
        store.move(ground=None, to=GROUND, positions={})
        put(store, TOUCH)
        assert store.read_log(site_id=SITE, after="0", limit=10).since == pytest.approx(time.time(), abs=60.0)


class TestWhatIsLogged:
    def test_signs_of_known_shoppers(self, store: FeatureStore) -> None:
        write(
            store,
            event(1, "frame-1"), event(2, "frame-2", shopper_id=BEN), event(3, "frame-3", shopper_id=None),
            event(4, "frame-4", "impression"), event(5, "frame-5", "dismiss"), event(6, "frame-6", "rate", rating=1.0),
        )  # fmt: skip
        assert sorted(logged(store)) == [(ANNA, "frame-1"), (BEN, "frame-2")]

    def test_what_takes_back_too(self, store: FeatureStore) -> None:
        write(store, event(1, kind="return"))
        assert logged(store) == [(ANNA, "frame-1")]

    def test_what_comes_twice_once(self, store: FeatureStore) -> None:
        write(store, event(1), event(1))
        write(store, event(1))
        assert logged(store) == [(ANNA, "frame-1")]

    def test_nothing_that_came_in_before_all_that_is_kept(self, store: FeatureStore) -> None:
        before = event(1).received_at - conf.LOGGED_FOR - timedelta(seconds=1)
        write(store, event(1, received_at=before), event(2, "frame-2", minutes=60 * 24 * 90))
        assert logged(store) == [(ANNA, "frame-2")]


class TestHowLongItIsKept:
    """In Redis; the twin in memory keeps all that a test puts in."""

    def test_what_is_too_old_goes_with_the_next_entry(self) -> None:
        store = RedisStore(client(), prefix="suite")
        store.clear(ground=GROUND)
        old = int((time.time() - conf.LOGGED_FOR.total_seconds() - 1) * 1_000)
        for number in (1, 2):
            packed = pack([(ANNA.bytes, TOUCH)])
            client().xadd(f"suite:2:t:{SITE}", {"n": number, "t": packed}, id=f"{old}-{number}")
        client().hset("suite:2:log", SITE, "2")
        put(store, TOUCH)
        page = store.read_log(site_id=SITE, after="0", limit=10)
        assert ([entry.number for entry in page.entries], page.first_number) == ([3], 3)

    def test_it_ends_where_nothing_comes_any_more(self) -> None:
        store = RedisStore(client(), prefix="suite")
        store.clear(ground=GROUND)
        put(store, TOUCH)
        left = client().pttl(f"suite:2:t:{SITE}")
        assert 0 < left <= conf.LOGGED_FOR.total_seconds() * 1_000

    def test_one_that_ended_says_where_it_would_go_on(self) -> None:
        store = RedisStore(client(), prefix="suite")
        store.clear(ground=GROUND)
        put(store, TOUCH)
        put(store, TOUCH)
        written = store.read_log(site_id=SITE, after="0", limit=10).entries[-1].place
        client().delete(f"suite:2:t:{SITE}")
        page = store.read_log(site_id=SITE, after="0", limit=10)
        assert (page.entries, page.first_number) == ([], 3)
        assert page.first_time == int(written.split("-")[0]) / 1_000
