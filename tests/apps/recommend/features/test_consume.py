"""The features consumer: from the stream into the store, across losses."""

import pytest

from apps.recommend import conf
from apps.recommend.features import consume
from apps.recommend.features.held import Held
from apps.recommend.features.lease import Lease
from apps.recommend.features.memory_store import MemoryStore
from apps.recommend.features.rebuild import is_finished
from specrec.kernel import clock
from specrec.kernel.redis import client
from tests.apps.recommend.features.told_log import (
    GROUND,
    Log,
    put_log,  # noqa: F401 - the fixture "log"
    run,
    seen,
    standing,
    view,
    views,
)


class TestRun:
    def test_an_empty_store_is_rebuilt_and_goes_on_where_the_table_ends(self, log: Log) -> None:
        store = MemoryStore()
        run(store, log)
        assert (seen(store), views(store), log.begun) == (["frame-1", "frame-2", "frame-3"], 3, ["1"])
        assert (is_finished(store.ground()), store.positions(["0"])) == (True, {"0": "3"})

    def test_it_goes_on_from_the_stored_position(self, log: Log) -> None:
        store = standing("2")
        run(store, log)
        assert (seen(store), log.begun) == (["frame-3"], ["2"])

    def test_without_a_position_it_begins_at_the_earliest_record(self, log: Log) -> None:
        store = standing(None)
        run(store, log)
        assert (seen(store), log.begun) == (["frame-1", "frame-2", "frame-3"], [None])

    def test_a_lost_position_means_a_rebuild(self, log: Log) -> None:
        store = standing("2")
        log.lost = {"2"}
        run(store, log)
        assert (seen(store), log.begun) == (["frame-1", "frame-2", "frame-3"], ["2", "1"])
        assert store.ground() != GROUND

    def test_the_log_is_told_how_far_it_is(self, log: Log) -> None:
        run(MemoryStore(), log)
        assert log.acknowledged[-1] == {"0": "3"}

    def test_it_is_told_on_the_way(self, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(conf, "ACKNOWLEDGE_SECONDS", 0.0)
        run(MemoryStore(), log)
        assert log.acknowledged == [{"0": "1"}, {"0": "2"}, {"0": "3"}]  # the first: what the rebuild brought

    def test_a_stream_that_is_away_is_waited_for(self, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(consume, "close_old_connections", lambda: None)
        log.fail = 1
        store = MemoryStore()
        run(store, log)
        assert (seen(store), log.begun) == (["frame-1", "frame-2", "frame-3"], ["1"])

    def test_one_whose_partition_was_taken_over_starts_from_what_is_stored(self, log: Log) -> None:
        store = standing("1")

        def overtake() -> None:
            Held(store).write(
                [view(2, "frame-2"), view(3, "frame-3")],
                now=clock.now().timestamp(), ground=GROUND, expected={"0": "1"}, positions={"0": "3"},
            )  # fmt: skip

        log.before["2"] = overtake
        run(store, log)
        assert (seen(store), views(store), log.begun) == (["frame-2", "frame-3"], 2, ["1", "3"])

    def test_a_store_that_comes_back_empty_is_rebuilt(self, log: Log) -> None:
        store = standing("1")
        log.before["2"] = store.clear
        run(store, log)
        assert (seen(store), log.begun) == (["frame-1", "frame-2", "frame-3"], ["1", "1"])

    def test_a_store_that_comes_back_older_is_gone_on_from(self, log: Log) -> None:
        store = standing("1")
        log.before["3"] = lambda: store.move(ground=GROUND, to=GROUND, positions={"0": "1"})
        run(store, log)
        assert (seen(store), views(store), log.begun) == (["frame-2", "frame-3"], 2, ["1", "1"])

    def test_another_ground_is_noticed_while_nothing_comes(self, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(conf, "ACKNOWLEDGE_SECONDS", 0.0)
        store = standing("2")
        found = consume.follow_once(store, ground="rebuilt:long-ago", stop=lambda: False)
        assert (list(found), seen(store)) == ([], [])

    def test_while_another_rebuilds_it_waits(self, log: Log) -> None:
        store, other = MemoryStore(), Lease(client(), name="test")
        other.holds()
        asked = iter([False, False, True])
        consume.run(store, Lease(client(), name="test"), stop=lambda: next(asked, True))
        assert (store.ground(), log.begun) == (None, [])

    def test_the_lease_is_given_back(self, log: Log) -> None:
        run(MemoryStore(), log)
        assert Lease(client(), name="test").holds() is True
