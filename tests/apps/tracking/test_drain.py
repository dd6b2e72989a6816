"""The table consumer: every accepted event once, whatever comes twice, late, or broken."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.db import connection

from apps.tracking import api
from apps.tracking.contracts import Exposure, PositionLost, StreamBatch, TrackedEvent
from apps.tracking.models import DayChange, DeadLetter, Event, ServedSlate, StreamPosition
from apps.tracking.services import drain as drain_module
from apps.tracking.stream import records
from apps.tracking.stream.base import Record
from apps.tracking.stream.postgres import PostgresStream
from tests.apps.tracking.scene import HISTORY, NOW, drain_all, ingest, make_event, open_site
from tests.apps.tracking.told import append, stored_ids, tracked

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _site(transactional_db: None) -> None:
    open_site()


class TestEvents:
    def test_an_event_stands_in_the_table_as_it_was_told(self) -> None:
        told = make_event(
            type="purchase",
            consent=HISTORY,
            sku="frame-1-black",
            quantity=2,
            unit_price="129.95",
            currency="GBP",
            order_id="o-1",
            context={"placement": "home", "position": 3, "channel": "store", "store_id": "london-01"},
        )
        ingest(told)
        drain_all()
        event = Event.objects.get()
        assert (str(event.event_id), event.type, event.item_id, event.sku) == (
            told["id"],
            "purchase",
            "frame-1",
            "frame-1-black",
        )
        assert (event.quantity, str(event.unit_price), event.currency, event.order_id) == (2, "129.9500", "GBP", "o-1")
        assert (event.placement, event.position, event.channel, event.store_id) == ("home", 3, "store", "london-01")
        assert (event.time, event.day, event.received_at) == (NOW - timedelta(minutes=1), NOW.date(), NOW)
        assert event.session_id == "visit-1"

    def test_the_same_event_sent_again_counts_once(self) -> None:
        told = make_event()
        ingest(told)
        ingest(told, make_event())
        drain_all()
        ingest(told)
        drain_all()
        assert len(stored_ids()) == 2

    def test_the_same_id_at_another_site_or_day_is_another_event(self) -> None:
        one = tracked()
        append(
            one, tracked(event_id=one.event_id, site_id="de"), tracked(event_id=one.event_id, day=date(2026, 11, 21))
        )
        drain_all()
        assert stored_ids() == [one.event_id] * 3

    def test_a_chunk_delivered_again_changes_nothing(self) -> None:
        ingest(*[make_event() for _ in range(20)])
        drain_all()
        before = stored_ids()
        StreamPosition.objects.all().delete()
        assert api.status()["table"] == 20
        drain_all()
        assert (stored_ids(), len(before)) == (before, 20)

    def test_many_writers_at_once_and_a_running_consumer_lose_and_double_nothing(self) -> None:
        sent = [[tracked() for _ in range(50)] for _ in range(8)]
        stop = threading.Event()
        consumer = threading.Thread(target=_in_thread, args=(lambda: api.drain(stop=stop.is_set),))
        writers = [threading.Thread(target=_in_thread, args=(lambda part=part: append(*part),)) for part in sent]
        for thread in (consumer, *writers):
            thread.start()
        for writer in writers:
            writer.join()
        _wait(lambda: api.status()["table"] == 0)
        stop.set()
        consumer.join()
        assert stored_ids() == sorted(event.event_id for part in sent for event in part)


def _in_thread(run: Any) -> None:
    try:
        run()
    finally:
        connection.close()


def _wait(done: Any) -> None:
    deadline = time.monotonic() + 20
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class TestExposures:
    def test_a_slate_is_kept_once(self) -> None:
        slate = Exposure("uk", uuid.uuid4(), NOW, "home", None, ["a", "b"], "for_you", None, None, "web", None)
        api.record_exposures(exposures=[slate])
        api.record_exposures(exposures=[slate])
        drain_all()
        row = ServedSlate.objects.get()
        assert (row.recommendation_id, row.item_ids, row.day) == (slate.recommendation_id, ["a", "b"], NOW.date())
        assert (row.experiments, row.propensities) == (None, None)

    def test_with_its_sides_and_chances(self) -> None:
        slate = Exposure("uk", uuid.uuid4(), NOW, "home", None, ["a", "b"], "for_you", None, None, "web", None)
        drawn = msgspec.structs.replace(slate, experiments=["order:new", "x:y"], propensities=[1.0, 0.25])
        api.record_exposures(exposures=[drawn])
        drain_all()
        row = ServedSlate.objects.get()
        assert (row.experiments, row.propensities) == (["order:new", "x:y"], [1.0, 0.25])

    def test_a_record_of_before_there_were_experiments_is_read(self) -> None:
        slate = Exposure("uk", uuid.uuid4(), NOW, "home", None, ["a"], "for_you", None, None, "web", None)
        record = records.from_exposure(slate)
        shorter = msgspec.msgpack.encode(msgspec.msgpack.decode(record.payload)[:11])
        assert records.read(msgspec.structs.replace(record, payload=shorter)) == slate


class TestPoison:
    def test_a_row_that_the_table_refuses_is_parked_and_its_neighbours_are_not(self) -> None:
        good, bad = [tracked(), tracked()], tracked(quantity=2**40)
        append(good[0], bad, good[1])
        drain_all()
        assert stored_ids() == sorted(event.event_id for event in good)
        letter = DeadLetter.objects.get()
        assert (letter.kind, bytes(letter.payload)) == ("event", records.from_event(bad).payload)
        assert "out of range" in letter.reason

    def test_text_that_postgres_cannot_hold_is_parked(self) -> None:
        append(tracked(item_id="a\0b"), tracked(query="x" * 600), tracked())
        drain_all()
        assert (len(stored_ids()), DeadLetter.objects.count()) == (1, 2)

    @pytest.mark.parametrize(
        "record",
        [
            Record("event", "k", b"\xc1garbage"),
            Record("gossip", "k", b""),
            Record("event", "k", b""),
            Record("exposure", "k", b"\x93\x01\x02\x03"),
        ],
    )
    def test_an_unreadable_record_is_parked(self, record: Record) -> None:
        good = tracked()
        PostgresStream().append([record, records.from_event(good)])
        drain_all()
        assert stored_ids() == [good.event_id]
        assert DeadLetter.objects.get().reason.startswith("unreadable")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("site_id", "x" * 65),
            ("site_id", "a\0b"),
            ("time", "0001-01-01T00:00:00+14:00"),
            ("time", "0001-01-01T00:00:00"),
            ("time", "9999-12-31T23:00:00-14:00"),
            ("received_at", "0001-01-01T00:00:00+14:00"),
        ],
    )
    def test_what_has_no_site_or_day_is_parked(self, name: str, value: str) -> None:
        good, bad = tracked(), msgspec.to_builtins(tracked())
        bad[TrackedEvent.__struct_fields__.index(name)] = value
        PostgresStream().append([Record("event", "k", msgspec.msgpack.encode(bad)), records.from_event(good)])
        drain_all()
        assert (stored_ids(), DeadLetter.objects.count()) == ([good.event_id], 1)
        assert list(DayChange.objects.values_list("site_id", "day")) == [("uk", NOW.date())]
        assert api.replay_dead_letters(now=NOW).still_dead == 1

    def test_a_parked_record_does_not_come_again(self) -> None:
        append(tracked(quantity=2**40))
        drain_all()
        append(tracked())
        drain_all()
        assert DeadLetter.objects.count() == 1


class TestRestarts:
    def test_a_lost_connection_is_taken_up_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(drain_module, "_PAUSES", (0.01,))
        stop, pids = threading.Event(), []
        consumer = threading.Thread(target=_in_thread, args=(lambda: api.drain(stop=stop.is_set),))
        consumer.start()
        append(tracked())
        _wait(lambda: Event.objects.count() == 1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pid, pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
            pids = cursor.fetchall()
        append(tracked())
        _wait(lambda: Event.objects.count() == 2)
        stop.set()
        consumer.join()
        assert len(pids) == 1

    def test_a_second_consumer_stands_by_and_takes_over(self) -> None:
        stop = threading.Event()
        leader = threading.Thread(target=_in_thread, args=(lambda: api.drain(stop=stop.is_set),))
        leader.start()
        append(tracked())
        _wait(lambda: Event.objects.count() == 1)
        reader = PostgresStream().open(group="table", find_positions=lambda _: {})
        assert reader.read(limit=10, wait=0.0) is None
        stop.set()
        leader.join()
        assert reader.read(limit=10, wait=0.0) is not None
        reader.close()

    @pytest.mark.parametrize("position", [f"{2**40}:1", "kafka/0/17"])
    def test_a_position_of_another_stream_means_from_the_beginning(self, position: str) -> None:
        StreamPosition.objects.create(group="table", partition="0", position=position, updated_at=NOW)
        one = tracked()
        append(one)
        drain_all()
        assert stored_ids() == [one.event_id]

    def test_a_lost_position_is_forgotten_also_where_nothing_is_kept_to_go_on_with(self) -> None:
        StreamPosition.objects.create(group="table", partition="0", position=f"{2**40}:1", updated_at=NOW)
        turns = iter([False, False, True])
        api.drain(stop=lambda: next(turns, True))
        with api.read_history(since=NOW) as history:
            assert history.positions == {}

    def test_it_ends_when_it_is_told(self) -> None:
        api.drain(stop=lambda: True)
        assert StreamPosition.objects.count() == 0


def follow(positions: dict[str, str], stop: Callable[[], bool]) -> Iterator[StreamBatch]:
    return api.follow(group="features", find_positions=lambda _: positions, limit=10, wait=0.0, stop=stop)


class TestFollow:
    def test_events_and_exposures_come_in_order_with_a_position(self) -> None:
        one, two = tracked(), tracked(time=datetime(2026, 11, 22, 10, tzinfo=UTC))
        slate = Exposure("uk", uuid.uuid4(), NOW, "home", None, ["a"], "popular", None, None, "web", None)
        append(one)
        api.record_exposures(exposures=[slate])
        append(two)
        turns = iter([False, True])
        batches = list(follow({}, lambda: next(turns)))
        assert [(batch.events, batch.exposures) for batch in batches] == [([one, two], [slate])]
        turns = iter([False, True])
        assert list(follow(batches[0].positions, lambda: next(turns))) == []

    def test_a_position_of_another_stream_is_refused(self) -> None:
        with pytest.raises(PositionLost):
            list(follow({"0": "kafka/0/17"}, lambda: False))

    def test_an_unreadable_record_is_passed_over(self) -> None:
        one = tracked()
        PostgresStream().append([Record("gossip", "k", b""), records.from_event(one)])
        turns = iter([False, True])
        batches = list(follow({}, lambda: next(turns)))
        assert [(batch.events, batch.unreadable) for batch in batches] == [([one], 1)]

    def test_what_every_group_acknowledged_is_trimmed_after_an_hour(self) -> None:
        append(tracked())
        drain_all()
        now = datetime.now(UTC)
        assert api.trim_log(now=now) == 0
        assert api.trim_log(now=now + timedelta(hours=2)) == 1
        assert api.status() == {"table": 0}
