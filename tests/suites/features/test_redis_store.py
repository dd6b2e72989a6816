"""What only the store in Redis can get wrong."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from apps.recommend.features.redis_store import RedisStore, state_of
from apps.recommend.features.state import EMPTY, Changes
from specrec.kernel.redis import client
from tests.suites.features.test_stores import ANNA, SEEN, VIEWS, put


class TestRedisStore:
    def test_states_end_some_day(self) -> None:
        put(RedisStore(client(), prefix="suite"), Changes(states={ANNA: SEEN}))
        (key,) = client().keys("suite:*:lens-lane:*")
        assert 399 * 86_400 < client().ttl(key) <= 400 * 86_400

    def test_a_count_ends_when_its_bucket_does(self) -> None:
        put(RedisStore(client(), prefix="suite"), Changes(counts={VIEWS: {"frame-1": 1}}))
        (key,) = client().keys("suite:*:lens-lane:*")
        assert 64 * 86_400 < client().ttl(key) <= 65 * 86_400

    def test_stores_with_other_prefixes_are_apart(self) -> None:
        one, other = RedisStore(client(), prefix="suite"), RedisStore(client(), prefix="suite2")
        put(one, Changes(states={ANNA: SEEN}))
        other.clear()
        assert (one.read([ANNA]), other.read([ANNA])) == ([SEEN], [EMPTY])

    def test_clearing_goes_through_many_keys(self) -> None:
        store = RedisStore(client(), prefix="suite")
        put(store, Changes(states={("lens-lane", UUID(int=number)): SEEN for number in range(5_000)}))
        store.clear()
        assert client().dbsize() == 0

    def test_clearing_ends_where_another_has_begun(self, monkeypatch: pytest.MonkeyPatch) -> None:
        store, other = RedisStore(client(), prefix="suite"), RedisStore(client(), prefix="suite")
        put(store, Changes(states={ANNA: SEEN}))
        pages = store.pages

        def overtaken(prefix: str) -> Iterator[list[bytes]]:
            other.clear(ground="theirs")
            other.write(Changes(states={ANNA: SEEN}), ground="theirs", expected={}, positions={"0": "1"})
            yield from pages(prefix)

        monkeypatch.setattr(store, "pages", overtaken)
        assert store.clear(ground="mine") is False
        assert (store.ground(), store.read([ANNA]), store.positions(["0"])) == ("theirs", [SEEN], {"0": "1"})

    def test_what_cannot_be_read_counts_as_empty(self) -> None:
        store = RedisStore(client(), prefix="suite")
        put(store, Changes(states={ANNA: SEEN}))
        (key,) = client().keys("suite:*:lens-lane:*")
        client().set(key, b"\xc1")
        assert store.read([ANNA]) == [EMPTY]

    def test_a_redis_that_forgot_its_scripts_is_told_again(self) -> None:
        store = RedisStore(client(), prefix="suite")
        client().script_flush()
        assert store.move(ground=None, to="one", positions={}) is True

    def test_a_state_is_fetched_beside_other_questions(self) -> None:
        store = RedisStore(client(), prefix="suite")
        put(store, Changes(states={ANNA: SEEN}))
        packed, answers = store.fetch(ANNA, ("ECHO", "hello"), ("ECHO", "again"))
        assert (state_of(packed), answers) == (SEEN, [b"hello", b"again"])
