"""The features consumer: from the stream into the states, across losses."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import redis

from apps.recommend import conf
from apps.recommend.features import consume
from apps.recommend.features.lease import Lease
from apps.recommend.features.memory_store import MemoryStore
from apps.tracking import api as tracking
from apps.tracking.contracts import PositionLost, StreamBatch, TrackedEvent
from specrec.kernel.errors import Unavailable
from specrec.kernel.redis import client

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANNA = ("lens-lane", UUID(int=1))


def view(number: int, item: str) -> TrackedEvent:
    return TrackedEvent(
        site_id="lens-lane", event_id=UUID(int=number), day=NOW.date(), type="view", time=NOW, received_at=NOW,
        shopper_id=ANNA[1], session_id=None, item_id=item, sku=None, quantity=1, unit_price=None, currency=None,
        order_id=None, query=None, rating=None, placement=None, position=None, recommendation_id=None,
        channel="web", store_id=None,
    )  # fmt: skip


class Log:
    """A stream of two batches and a table of one event, as tracking shows them."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []
        self.acknowledged: list[str] = []
        self.fail = 0
        self.over = False
        self.between: list[Callable[[], object]] = []  # what happens before each later slice of the table

    def follow(
        self, *, group: str, position: str | None, limit: int, wait: float, stop: Callable[[], bool]
    ) -> Iterator[StreamBatch]:
        assert (group, limit > 0, wait < 1) == ("features", True, True)
        self.asked.append(position)
        if self.fail:
            self.fail -= 1
            raise Unavailable("away", code="stream_unavailable")
        if position == "lost":
            raise PositionLost(position)
        for number in range(int(position or 0) + 1, 3):
            if stop():
                return
            yield StreamBatch(events=[view(number, f"frame-{number}")], exposures=[], position=str(number))
        self.over = True

    def acknowledge(self, *, group: str, position: str) -> None:
        assert group == "features"
        self.acknowledged.append(position)

    def iter_history(self, *, since: datetime) -> Iterator[list[TrackedEvent]]:
        assert since.tzinfo is not None
        yield [view(1, "frame-1"), view(9, "frame-9")]
        while self.between:
            self.between.pop(0)()
            yield [view(8, "frame-8")]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    """A stream in place of the real one."""
    found = Log()
    for name in ("follow", "acknowledge", "iter_history"):
        monkeypatch.setattr(tracking, name, getattr(found, name))
    return found


def run(store: MemoryStore, log: Log) -> None:
    consume.run(store, Lease(client(), name="test"), stop=lambda: log.over)


def seen(store: MemoryStore) -> list[str]:
    return [touch.item_id for touch in store.read([ANNA])[0].recent]


class TestRun:
    def test_an_empty_store_is_rebuilt_and_follows_from_the_earliest_record(self, log: Log) -> None:
        store = MemoryStore()
        run(store, log)
        assert (seen(store), store.position(), log.asked) == (["frame-1", "frame-2", "frame-9"], "2", [None])

    def test_it_goes_on_from_the_stored_position(self, log: Log) -> None:
        store = MemoryStore()
        store.write({}, expected=None, position="1")
        run(store, log)
        assert (seen(store), log.asked) == (["frame-2"], ["1"])

    def test_a_lost_position_means_a_rebuild(self, log: Log) -> None:
        store = MemoryStore()
        store.write({}, expected=None, position="lost")
        run(store, log)
        assert (seen(store), log.asked) == (["frame-1", "frame-2", "frame-9"], ["lost", None])

    def test_the_log_is_told_how_far_it_is(self, log: Log) -> None:
        run(MemoryStore(), log)
        assert log.acknowledged[-1] == "2"

    def test_a_stream_that_is_away_is_waited_for(self, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(consume, "close_old_connections", lambda: None)
        log.fail = 1
        store = MemoryStore()
        run(store, log)
        assert (seen(store), len(log.asked)) == (["frame-1", "frame-2", "frame-9"], 2)

    def test_the_lease_is_given_back(self, log: Log) -> None:
        run(MemoryStore(), log)
        assert Lease(client(), name="test").holds() is True


def forget(store: MemoryStore) -> None:
    """Empty the store, as a Redis that came back without its data."""
    store._states, store._position = {}, None


def rebuild(store: MemoryStore, *, over: Callable[[], bool] = lambda: False) -> str | None:
    return consume.rebuild(store, now=lambda: NOW, found=store.position(), over=over)


class TestRebuild:
    def test_a_rebuild_that_is_overtaken_writes_no_more(self, log: Log) -> None:
        store = MemoryStore()
        log.between = [lambda: rebuild(store)]
        with pytest.raises(consume.PositionMoved):
            rebuild(store)
        assert (seen(store), store.position()) == (["frame-1", "frame-9"], consume.REBUILT)

    def test_a_store_emptied_on_the_way_is_noticed(self, log: Log) -> None:
        store = MemoryStore()
        log.between = [lambda: forget(store)]
        with pytest.raises(consume.PositionMoved):
            rebuild(store)
        assert (seen(store), store.position()) == ([], None)

    def test_after_that_all_of_it_is_rebuilt(self, log: Log) -> None:
        store = MemoryStore()
        log.between = [lambda: forget(store)]
        run(store, log)
        assert (seen(store), store.position()) == (["frame-1", "frame-2", "frame-9"], "2")

    def test_it_ends_when_told_to(self, log: Log) -> None:
        store = MemoryStore()
        log.between = [lambda: None]
        answers = iter([False, True])
        assert rebuild(store, over=lambda: next(answers)) is None
        position = store.position()
        assert position is not None
        assert position.startswith(consume.REBUILDING)
        assert seen(store) == ["frame-1", "frame-9"]

    def test_what_was_left_half_done_is_begun_anew(self, log: Log) -> None:
        store = MemoryStore()
        store.write({}, expected=None, position=f"{consume.REBUILDING}gone")
        run(store, log)
        assert (seen(store), store.position()) == (["frame-1", "frame-2", "frame-9"], "2")

    def test_without_the_lease_nothing_more_is_written(self, log: Log) -> None:
        store, lease = MemoryStore(), Lease(client(), name="test")
        lease.holds()

        def take() -> None:
            client().set("lease:test", b"somebody else")
            lease._renew_at = 0.0

        log.between = [take]
        assert list(consume.follow_once(store, lease, stop=lambda: False)) == []
        assert (seen(store), log.asked) == (["frame-1", "frame-9"], [])


class TestApplyEvents:
    def test_a_position_that_moved_writes_nothing(self) -> None:
        store = MemoryStore()
        store.write({}, expected=None, position="7")
        with pytest.raises(consume.PositionMoved):
            consume.apply_events(store, [view(1, "frame-1")], expected="6", position="8")
        assert (seen(store), store.position()) == ([], "7")


class TestLease:
    def test_one_holds_it_at_a_time(self) -> None:
        first, second = Lease(client(), name="test"), Lease(client(), name="test")
        assert (first.holds(), second.holds()) == (True, False)

    def test_the_next_takes_it_when_it_was_left(self) -> None:
        first, second = Lease(client(), name="test"), Lease(client(), name="test")
        first.holds()
        first.leave()
        assert second.holds() is True

    def test_it_is_lost_when_another_took_it_meanwhile(self) -> None:
        ticks = iter([0.0, 100.0])
        first = Lease(client(), name="test", clock=lambda: next(ticks))
        first.holds()
        client().set("lease:test", b"somebody else")
        assert first.holds() is False

    def test_it_is_renewed_beside_a_long_step(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(conf, "LEASE_SECONDS", 0.2)
        lease = Lease(client(), name="test")
        lease.holds()
        renewed = threading.Event()
        take = lease._take

        def noted(**asked: Any) -> object:
            renewed.set()
            return take(**asked)

        monkeypatch.setattr(lease, "_take", noted)
        with lease.kept():
            assert renewed.wait(10)

    def test_redis_away_is_said(self) -> None:
        lease = Lease(redis.Redis(host="127.0.0.1", port=1), name="test")
        with pytest.raises(redis.RedisError):
            lease.holds()
