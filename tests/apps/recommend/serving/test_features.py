"""The features consumer: from the stream into the store, across losses."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import redis

from apps.recommend import conf
from apps.recommend.features import consume, held
from apps.recommend.features.extract import by_state
from apps.recommend.features.held import Held, PositionMoved
from apps.recommend.features.lease import Lease
from apps.recommend.features.memory_store import MemoryStore
from apps.recommend.features.rebuild import REBUILDING, is_finished, rebuild
from apps.tracking import api as tracking
from apps.tracking.contracts import History, PositionLost, StreamBatch, TrackedEvent
from specrec.kernel import clock
from specrec.kernel.errors import Unavailable
from specrec.kernel.redis import client

ANNA = ("lens-lane", UUID(int=1))
GROUND = "rebuilt:before"


def view(number: int, item: str, *, shopper: UUID = ANNA[1], kind: str = "view") -> TrackedEvent:
    now = clock.now()
    return TrackedEvent(
        site_id="lens-lane", event_id=UUID(int=number), day=now.date(), type=kind,
        time=now - timedelta(minutes=60 - number), received_at=now, shopper_id=shopper, session_id=None, item_id=item,
        sku=None, quantity=1, unit_price=None, currency=None, order_id=None, query=None, rating=None, placement=None,
        position=None, recommendation_id=None, channel="web", store_id=None,
    )  # fmt: skip


class Log:
    """A stream of one partition with three records, of which the table holds the first, as tracking shows them."""

    def __init__(self) -> None:
        self.begun: list[str | None] = []
        self.acknowledged: list[dict[str, str]] = []
        self.fail = 0
        self.lost: set[str] = set()
        self.over = False
        self.between: list[Callable[[], object]] = []  # what happens before each later slice of the table
        self.before: dict[str, Callable[[], object]] = {}  # what happens before a record is given

    def follow(
        self,
        *,
        group: str,
        find_positions: Callable[[Sequence[str]], Mapping[str, str]],
        limit: int,
        wait: float,
        stop: Callable[[], bool],
    ) -> Iterator[StreamBatch]:
        assert (group, limit > 0, wait < 1) == ("features", True, True)
        if self.fail:
            self.fail -= 1
            raise Unavailable("away", code="stream_unavailable")
        position = find_positions(["0"]).get("0")
        self.begun.append(position)
        if position in self.lost:
            self.lost.clear()
            raise PositionLost(str(position))
        for number in range(int(position or 0) + 1, 4):
            if stop():
                return
            self.before.pop(str(number), bool)()
            yield StreamBatch(events=[view(number, f"frame-{number}")], exposures=[], positions={"0": str(number)})
        self.over = True

    def acknowledge(self, *, group: str, positions: Mapping[str, str]) -> None:
        assert group == "features"
        self.acknowledged.append(dict(positions))

    @contextmanager
    def read_history(self, *, since: datetime) -> Iterator[History]:
        assert since.tzinfo is not None

        def batches() -> Iterator[list[TrackedEvent]]:
            yield [view(1, "frame-1")]
            while self.between:
                self.between.pop(0)()
                yield [view(9, "frame-9")]

        yield History(positions={"0": "1"}, total=1, batches=batches())


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    """A stream in place of the real one."""
    found = Log()
    for name in ("follow", "acknowledge", "read_history"):
        monkeypatch.setattr(tracking, name, getattr(found, name))
    return found


def run(store: MemoryStore, log: Log) -> None:
    consume.run(store, Lease(client(), name="test"), stop=lambda: log.over)


def seen(store: MemoryStore) -> list[str]:
    return [touch.item_id for touch in store.read([ANNA])[0].recent]


def views(store: MemoryStore) -> int:
    state = store.read([ANNA])[0]
    return state.tallies["view"].count if state.tallies else 0


def standing(position: str | None) -> MemoryStore:
    """Return an empty store with a ground and this position."""
    store = MemoryStore()
    store.move(ground=None, to=GROUND, positions={"0": position} if position else {})
    return store


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
        assert log.acknowledged == [{"0": "2"}, {"0": "3"}]

    def test_a_stream_that_is_away_is_waited_for(self, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(consume, "close_old_connections", lambda: None)
        log.fail = 1
        store = MemoryStore()
        run(store, log)
        assert (seen(store), log.begun) == (["frame-1", "frame-2", "frame-3"], ["1"])

    def test_one_whose_partition_was_taken_over_starts_from_what_is_stored(self, log: Log) -> None:
        store = standing("1")

        def overtake() -> None:
            consume.Held(store).write(
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


def write(states: Held, *events: TrackedEvent, at: str | None, to: str) -> None:
    now = clock.now().timestamp()
    states.write(events, now=now, ground=GROUND, expected={"0": at}, positions={"0": to})


class TestHeld:
    def test_a_position_that_moved_writes_nothing(self) -> None:
        store = standing("7")
        with pytest.raises(PositionMoved):
            write(Held(store), view(1, "frame-1"), at="6", to="8")
        assert (seen(store), store.positions(["0"])) == ([], {"0": "7"})

    def test_states_in_hand_are_not_asked_for_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        store = standing(None)
        states = Held(store)
        write(states, view(1, "frame-1"), at=None, to="1")
        asked: list[Any] = []
        monkeypatch.setattr(store, "read_packed", lambda keys: asked.extend(keys) or [])
        write(states, view(2, "frame-2"), at="1", to="2")
        assert asked == []
        assert [touch.item_id for touch in store.states[ANNA].recent] == ["frame-1", "frame-2"]

    def test_those_used_longest_ago_are_given_up_and_read_again(self) -> None:
        store = standing(None)
        states = Held(store, size=2)
        for number, who in enumerate([1, 2, 1, 3, 2], start=1):
            before = str(number - 1) if number > 1 else None
            write(states, view(number, f"frame-{number}", shopper=UUID(int=who)), at=before, to=str(number))
        assert {who.int for _, who in states._shoppers} == {2, 3}
        assert [touch.item_id for touch in store.states[("lens-lane", UUID(int=2))].recent] == ["frame-2", "frame-5"]

    def test_after_a_failure_nothing_is_in_hand(self) -> None:
        store = standing(None)
        states = Held(store)
        write(states, view(1, "frame-1"), at=None, to="1")
        with pytest.raises(PositionMoved):
            write(states, view(2, "frame-2"), at="5", to="6")
        assert states._shoppers == {}

    def test_an_event_that_cannot_be_applied_is_passed_over(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def refuse(events: Any, *, now: float) -> Any:
            if any(event.item_id == "poison" for event in events):
                raise ZeroDivisionError
            return by_state(events, now=now)

        monkeypatch.setattr(held, "by_state", refuse)
        store = standing(None)
        states = Held(store)
        caplog.set_level(logging.ERROR)
        write(states, view(1, "frame-1"), view(2, "poison"), view(3, "frame-3"), at=None, to="1")
        assert (seen(store), views(store), states.passed_over) == (["frame-1", "frame-3"], 2, 1)
        said = caplog.records[-1].getMessage()
        assert said == ("features: passed over an event of type 'view' of site lens-lane: ZeroDivisionError (1 so far)")

    def test_a_store_that_is_away_is_no_poison(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def away(_keys: Any) -> Any:
            raise redis.ConnectionError("away")

        store = standing(None)
        monkeypatch.setattr(store, "read_packed", away)
        states = Held(store)
        with pytest.raises(redis.ConnectionError):
            write(states, view(1, "frame-1"), at=None, to="1")
        assert states.passed_over == 0


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
