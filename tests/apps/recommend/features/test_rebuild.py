"""Features built anew from the table, and what may come between."""

from collections.abc import Callable

import pytest

from apps.recommend.features import consume
from apps.recommend.features.held import PositionMoved
from apps.recommend.features.lease import Lease
from apps.recommend.features.memory_store import MemoryStore
from apps.recommend.features.rebuild import REBUILDING, is_finished, rebuild
from specrec.kernel import clock
from specrec.kernel.redis import client
from tests.apps.recommend.features.told_log import (
    Log,
    put_log,  # noqa: F401 - the fixture "log"
    run,
    seen,
    standing,
    views,
)


def build(store: MemoryStore, *, over: Callable[[], bool] = lambda: False) -> str | None:
    return rebuild(store, now=clock.now(), over=over)


class TestRebuild:
    def test_what_was_there_before_is_forgotten(self, log: Log) -> None:
        store = standing("2")
        run(store, log)
        ground = build(store)
        assert (seen(store), views(store), store.ground()) == (["frame-1"], 1, ground)
        assert store.positions(["0"]) == {"0": "1"}

    def test_a_rebuild_that_is_overtaken_writes_no_more(self, log: Log) -> None:
        store = MemoryStore()
        log.between = [lambda: build(store)]
        with pytest.raises(PositionMoved):
            build(store)
        assert (seen(store), is_finished(store.ground())) == (["frame-1"], True)

    def test_a_store_emptied_on_the_way_is_noticed(self, log: Log) -> None:
        store = MemoryStore()
        log.between = [store.clear]
        with pytest.raises(PositionMoved):
            build(store)
        assert (seen(store), store.ground()) == ([], None)

    def test_after_that_all_of_it_is_rebuilt(self, log: Log) -> None:
        store = MemoryStore()
        log.between = [store.clear]
        run(store, log)
        assert (seen(store), views(store)) == (["frame-1", "frame-2", "frame-3"], 3)

    def test_it_ends_when_told_to(self, log: Log) -> None:
        store = MemoryStore()
        log.between = [lambda: None]
        answers = iter([False, True])
        assert build(store, over=lambda: next(answers)) is None
        ground = store.ground()
        assert ground is not None
        assert ground.startswith(REBUILDING)
        assert seen(store) == ["frame-1"]

    def test_what_was_left_half_done_is_begun_anew(self, log: Log) -> None:
        store = MemoryStore()
        store.move(ground=None, to=f"{REBUILDING}gone", positions={"rebuild": "7"})
        run(store, log)
        assert (seen(store), views(store)) == (["frame-1", "frame-2", "frame-3"], 3)

    def test_it_says_how_far_it_is(self, log: Log) -> None:
        told: list[tuple[int, int]] = []
        rebuild(MemoryStore(), now=clock.now(), over=lambda: False, progress=lambda added, of: told.append((added, of)))
        assert told == [(1, 1)]

    def test_without_the_lease_nothing_more_is_written(self, log: Log) -> None:
        store, lease = MemoryStore(), Lease(client(), name="test")

        def take() -> None:
            client().set("lease:test", b"somebody else")
            lease._renew_at = 0.0

        def after() -> None:
            log.over = True

        log.between = [take, after]
        consume.run(store, lease, stop=lambda: log.over or client().get("lease:test") == b"somebody else")
        assert (seen(store), log.begun) == (["frame-1"], [])

    def test_a_consumer_notices_a_rebuild_below_it(self, log: Log) -> None:
        store = standing("1")
        log.before["2"] = lambda: build(store)
        run(store, log)
        assert (seen(store), log.begun) == (["frame-1", "frame-2", "frame-3"], ["1", "1"])
