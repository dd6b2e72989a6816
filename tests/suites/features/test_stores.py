"""One suite for every store of shopper states."""

from uuid import UUID

import pytest

from apps.recommend.features.definitions import EMPTY, ShopperState, Touch
from apps.recommend.features.memory_store import MemoryStore
from apps.recommend.features.redis_store import RedisStore
from apps.recommend.features.store import FeatureStore
from specrec.kernel.redis import client

ANNA = ("lens-lane", UUID(int=1))
BEN = ("lens-lane", UUID(int=2))
SEEN = ShopperState(recent=(Touch("frame-1", "view", 1_700_000_000.25, UUID(int=7).bytes),))


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> FeatureStore:
    """Each twin, empty."""
    return MemoryStore() if request.param == "memory" else RedisStore(client(), prefix="suite")


class TestRead:
    def test_an_unknown_shopper_has_the_empty_state(self, store: FeatureStore) -> None:
        assert store.read([ANNA]) == [EMPTY]

    def test_no_keys_are_no_states(self, store: FeatureStore) -> None:
        assert store.read([]) == []

    def test_states_come_in_the_order_of_the_keys(self, store: FeatureStore) -> None:
        store.write({BEN: SEEN}, expected=None, position="1")
        assert store.read([ANNA, BEN]) == [EMPTY, SEEN]

    def test_sites_are_apart(self, store: FeatureStore) -> None:
        store.write({ANNA: SEEN}, expected=None, position="1")
        assert store.read([("other-site", ANNA[1])]) == [EMPTY]


class TestPosition:
    def test_there_is_none_at_first(self, store: FeatureStore) -> None:
        assert store.position() is None

    def test_it_is_the_one_last_written(self, store: FeatureStore) -> None:
        store.write({}, expected=None, position="0/16B3748")
        assert store.position() == "0/16B3748"


class TestWrite:
    def test_states_and_position_go_together(self, store: FeatureStore) -> None:
        assert store.write({ANNA: SEEN}, expected=None, position="1") is True
        assert (store.read([ANNA]), store.position()) == ([SEEN], "1")

    def test_another_position_than_expected_writes_nothing(self, store: FeatureStore) -> None:
        store.write({}, expected=None, position="1")
        assert store.write({ANNA: SEEN}, expected="0", position="2") is False
        assert (store.read([ANNA]), store.position()) == ([EMPTY], "1")

    def test_a_lost_position_writes_nothing(self, store: FeatureStore) -> None:
        assert store.write({ANNA: SEEN}, expected="1", position="2") is False
        assert (store.read([ANNA]), store.position()) == ([EMPTY], None)

    def test_a_rebuild_writes_states_without_a_position(self, store: FeatureStore) -> None:
        assert store.write({ANNA: SEEN}, expected=None, position=None) is True
        assert (store.read([ANNA]), store.position()) == ([SEEN], None)


class TestRedisStore:
    def test_states_end_some_day(self) -> None:
        RedisStore(client(), prefix="suite").write({ANNA: SEEN}, expected=None, position="1")
        (key,) = client().keys("suite:*:lens-lane:*")
        assert 0 < client().ttl(key) <= 400 * 86_400

    def test_what_cannot_be_read_counts_as_empty(self) -> None:
        store = RedisStore(client(), prefix="suite")
        store.write({ANNA: SEEN}, expected=None, position="1")
        (key,) = client().keys("suite:*:lens-lane:*")
        client().set(key, b"\xc1")
        assert store.read([ANNA]) == [EMPTY]
