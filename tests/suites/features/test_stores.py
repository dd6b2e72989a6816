"""One suite for every store of features."""

import time
from uuid import UUID

import msgspec
import pytest

from apps.recommend.features.memory_store import MemoryStore
from apps.recommend.features.redis_store import RedisStore
from apps.recommend.features.state import EMPTY, Changes, CountKey, ShopperState, Tally, Touch
from apps.recommend.features.store import FeatureStore
from specrec.kernel.redis import client

ANNA = ("lens-lane", UUID(int=1))
BEN = ("lens-lane", UUID(int=2))
TOUCH = Touch("frame-1", "view", 1_700_000_000.25, 2**64 - 1, 2**32 - 1)
SEEN = ShopperState(
    recent=(TOUCH,),
    orders=(TOUCH,),
    dismissals=(TOUCH,),
    tallies={"view": Tally(3, 0.1, 0.2, 0.3, 1_700_000_000.25)},
    days={20_000: 3},
    first=1.5,
    last=1_700_000_000.25,
    marks=bytes(range(8)),
)
# The stores forget buckets by the clock of the machine.
HOUR = int(time.time() // 3_600)
DAY = int(time.time() // 86_400)
VIEWS: CountKey = ("lens-lane", "item.view", f"d{DAY}")
PAIRS: CountKey = ("lens-lane", "pairs", f"d{DAY}:frame-1")


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> FeatureStore:
    """Each twin, empty."""
    return MemoryStore() if request.param == "memory" else RedisStore(client(), prefix="suite")


def put(store: FeatureStore, changes: Changes) -> None:
    assert store.write(changes, ground=store.ground(), expected={}, positions={}) is True


class TestRead:
    def test_an_unknown_shopper_has_the_empty_state(self, store: FeatureStore) -> None:
        assert store.read([ANNA]) == [EMPTY]

    def test_no_keys_are_no_states(self, store: FeatureStore) -> None:
        assert store.read([]) == []

    def test_states_come_whole_and_in_the_order_of_the_keys(self, store: FeatureStore) -> None:
        put(store, Changes(states={BEN: SEEN}))
        assert store.read([ANNA, BEN]) == [EMPTY, SEEN]

    def test_sites_are_apart(self, store: FeatureStore) -> None:
        put(store, Changes(states={ANNA: SEEN}))
        assert store.read([("other-site", ANNA[1])]) == [EMPTY]


class TestReadPacked:
    def test_it_is_what_was_written_packed_or_not(self, store: FeatureStore) -> None:
        packed = msgspec.msgpack.encode(SEEN)
        put(store, Changes(states={ANNA: SEEN}, packed={BEN: packed}))
        assert store.read_packed([BEN, ANNA]) == [packed, packed]
        assert store.read([ANNA, BEN]) == [SEEN, SEEN]

    def test_an_unknown_shopper_has_none(self, store: FeatureStore) -> None:
        assert (store.read_packed([ANNA]), store.read_packed([])) == ([None], [])


class TestReadCounts:
    def test_an_unknown_key_has_none(self, store: FeatureStore) -> None:
        assert store.read_counts([VIEWS]) == [{}]

    def test_no_keys_are_no_counts(self, store: FeatureStore) -> None:
        assert store.read_counts([]) == []

    def test_amounts_add_up(self, store: FeatureStore) -> None:
        put(store, Changes(counts={VIEWS: {"frame-1": 2, "frame-2": 1}}))
        put(store, Changes(counts={VIEWS: {"frame-1": 3}}))
        assert store.read_counts([VIEWS]) == [{"frame-1": 5, "frame-2": 1}]

    def test_what_was_taken_away_again_is_no_count(self, store: FeatureStore) -> None:
        put(store, Changes(counts={PAIRS: {"frame-2": 8, "frame-3": 8}}))
        put(store, Changes(counts={PAIRS: {"frame-2": -8, "frame-3": -4}}))
        assert store.read_counts([PAIRS]) == [{"frame-3": 4}]

    def test_keys_are_apart_and_in_order(self, store: FeatureStore) -> None:
        other: CountKey = ("other-site", "item.view", f"d{DAY}")
        put(store, Changes(counts={VIEWS: {"frame-1": 1}, other: {"frame-1": 2}, PAIRS: {"frame-1": 4}}))
        assert store.read_counts([PAIRS, other, VIEWS]) == [{"frame-1": 4}, {"frame-1": 2}, {"frame-1": 1}]

    def test_names_may_hold_anything(self, store: FeatureStore) -> None:
        key: CountKey = ("lens-lane", "pairs", f"d{DAY}:a:b ü")
        put(store, Changes(counts={key: {"c:d é": 1}}))
        assert store.read_counts([key]) == [{"c:d é": 1}]

    @pytest.mark.parametrize(
        ("name", "bucket"),
        [("item.view", f"h{HOUR - 50}"), ("item.view", f"d{DAY - 65}"), ("pairs", f"d{DAY - 16}:frame-1")],
    )
    def test_a_bucket_ends(self, store: FeatureStore, name: str, bucket: str) -> None:
        put(store, Changes(counts={("lens-lane", name, bucket): {"frame-1": 1}}))
        assert store.read_counts([("lens-lane", name, bucket)]) == [{}]

    @pytest.mark.parametrize(
        ("name", "bucket"),
        [("item.view", f"h{HOUR - 48}"), ("item.view", f"d{DAY - 63}"), ("pairs", f"d{DAY - 14}:frame-1")],
    )
    def test_not_before_its_time(self, store: FeatureStore, name: str, bucket: str) -> None:
        put(store, Changes(counts={("lens-lane", name, bucket): {"frame-1": 1}}))
        assert store.read_counts([("lens-lane", name, bucket)]) == [{"frame-1": 1}]


class TestBatch:
    def test_one_that_was_never_computed_is_empty(self, store: FeatureStore) -> None:
        assert store.read_batch(site_id="lens-lane", name="popularity") == {}

    def test_values_are_replaced_as_a_whole(self, store: FeatureStore) -> None:
        store.write_batch(site_id="lens-lane", name="popularity", values={"frame-1": 1.5, "frame-2": 2.0})
        store.write_batch(site_id="lens-lane", name="popularity", values={"frame-2": 0.1})
        assert store.read_batch(site_id="lens-lane", name="popularity") == {"frame-2": 0.1}

    def test_sites_and_names_are_apart(self, store: FeatureStore) -> None:
        store.write_batch(site_id="lens-lane", name="popularity", values={"frame-1": 1.5})
        assert store.read_batch(site_id="other", name="popularity") == {}
        assert store.read_batch(site_id="lens-lane", name="returns") == {}


class TestGroundAndPositions:
    def test_there_are_none_at_first(self, store: FeatureStore) -> None:
        assert (store.ground(), store.positions(["0"])) == (None, {})

    def test_asked_for_no_partitions(self, store: FeatureStore) -> None:
        assert store.positions([]) == {}

    def test_moving_replaces_all_positions(self, store: FeatureStore) -> None:
        assert store.move(ground=None, to="one", positions={"0": "5", "1": "7"}) is True
        assert store.move(ground="one", to="two", positions={"1": "8"}) is True
        assert (store.ground(), store.positions(["0", "1", "2"])) == ("two", {"1": "8"})

    def test_moving_from_another_ground_changes_nothing(self, store: FeatureStore) -> None:
        store.move(ground=None, to="one", positions={"0": "5"})
        assert store.move(ground="two", to="three", positions={}) is False
        assert store.move(ground=None, to="three", positions={}) is False
        assert (store.ground(), store.positions(["0"])) == ("one", {"0": "5"})

    def test_the_ground_may_be_taken_away(self, store: FeatureStore) -> None:
        store.move(ground=None, to="one", positions={"0": "5"})
        assert store.move(ground="one", to=None, positions={}) is True
        assert (store.ground(), store.positions(["0"])) == (None, {})


class TestWrite:
    def test_changes_and_positions_go_together(self, store: FeatureStore) -> None:
        store.move(ground=None, to="one", positions={"0": "1"})
        changes = Changes(states={ANNA: SEEN}, counts={VIEWS: {"frame-1": 1}})
        assert store.write(changes, ground="one", expected={"0": "1"}, positions={"0": "2"}) is True
        assert (store.read([ANNA]), store.read_counts([VIEWS])) == ([SEEN], [{"frame-1": 1}])
        assert store.positions(["0"]) == {"0": "2"}

    @pytest.mark.parametrize(
        ("ground", "expected"),
        [("two", {"0": "1"}), (None, {"0": "1"}), ("one", {"0": "0"}), ("one", {"0": None}), ("one", {"1": "1"})],
    )
    def test_another_ground_or_position_writes_nothing(
        self, store: FeatureStore, ground: str | None, expected: dict[str, str | None]
    ) -> None:
        store.move(ground=None, to="one", positions={"0": "1"})
        changes = Changes(states={ANNA: SEEN}, counts={VIEWS: {"frame-1": 1}})
        assert store.write(changes, ground=ground, expected=expected, positions={"0": "2"}) is False
        assert (store.read([ANNA]), store.read_counts([VIEWS])) == ([EMPTY], [{}])
        assert store.positions(["0"]) == {"0": "1"}

    def test_a_store_that_lost_its_data_takes_nothing(self, store: FeatureStore) -> None:
        assert store.write(Changes(states={ANNA: SEEN}), ground="one", expected={"0": "1"}, positions={}) is False
        assert store.read([ANNA]) == [EMPTY]

    def test_a_partition_begins_where_there_was_no_position(self, store: FeatureStore) -> None:
        store.move(ground=None, to="one", positions={})
        assert store.write(Changes(), ground="one", expected={"0": None}, positions={"0": "1"}) is True
        assert store.write(Changes(), ground="one", expected={"0": None}, positions={"0": "1"}) is False

    def test_the_positions_of_others_do_not_matter(self, store: FeatureStore) -> None:
        store.move(ground=None, to="one", positions={"0": "1", "1": "1"})
        assert store.write(Changes(), ground="one", expected={"0": "1"}, positions={"0": "2"}) is True
        assert store.write(Changes(), ground="one", expected={"1": "1"}, positions={"1": "9"}) is True
        assert store.positions(["0", "1"]) == {"0": "2", "1": "9"}


class TestClear:
    def test_all_is_forgotten_but_batch_features(self, store: FeatureStore) -> None:
        store.move(ground=None, to="one", positions={"0": "1"})
        put(store, Changes(states={ANNA: SEEN}, counts={VIEWS: {"frame-1": 1}}))
        store.write_batch(site_id="lens-lane", name="popularity", values={"frame-1": 1.5})
        store.clear()
        assert (store.ground(), store.positions(["0"])) == (None, {})
        assert (store.read([ANNA]), store.read_counts([VIEWS])) == ([EMPTY], [{}])
        assert store.read_batch(site_id="lens-lane", name="popularity") == {"frame-1": 1.5}

    def test_it_takes_the_ground_from_whoever_writes(self, store: FeatureStore) -> None:
        store.move(ground=None, to="one", positions={"0": "1"})
        assert store.clear(ground="two") is True
        assert store.write(Changes(states={ANNA: SEEN}), ground="one", expected={}, positions={"0": "2"}) is False
        assert (store.ground(), store.positions(["0"]), store.read([ANNA])) == ("two", {}, [EMPTY])

    def test_an_empty_store_stays_empty(self, store: FeatureStore) -> None:
        store.clear()
        assert store.ground() is None
