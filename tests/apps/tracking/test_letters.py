"""Poison: it stops no consumer, is kept with its reason, and replayed once what is wrong with it is mended."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from io import StringIO
from typing import Any

import msgspec
import pytest
from django.core.management import call_command
from django.db import connection

from apps.tracking import api
from apps.tracking.contracts import Exposure, ReplayResult, StreamBatch, TrackedEvent
from apps.tracking.models import DayChange, DeadLetter, Event, ServedSlate
from apps.tracking.services import copying, replay, table
from apps.tracking.services.rows import Dead, Row, Target
from apps.tracking.stream import records
from apps.tracking.stream.base import Chunk, Letter, Record
from apps.tracking.stream.choice import get_stream
from apps.tracking.stream.postgres import PostgresStream
from specrec.kernel.errors import Unavailable
from tests.apps.tracking.scene import NOW, drain_all, open_site
from tests.apps.tracking.told import append, stored_ids, tracked

pytestmark = pytest.mark.django_db(transaction=True)
NEXT_VERSION = "event.2"


@pytest.fixture(autouse=True)
def _site(transactional_db: None) -> None:
    open_site()


@pytest.fixture
def narrow(transactional_db: None) -> Any:
    """A constraint that refuses some events, until it is called off."""
    _execute("ALTER TABLE tracking_event ADD CONSTRAINT narrow CHECK (item_id <> 'square')")
    yield lambda: _execute("ALTER TABLE tracking_event DROP CONSTRAINT IF EXISTS narrow")
    _execute("ALTER TABLE tracking_event DROP CONSTRAINT IF EXISTS narrow")


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def letters() -> list[tuple[str, str]]:
    return list(DeadLetter.objects.order_by("id").values_list("cause", "reason"))


def replay_all(**chosen: Any) -> tuple[int, int, int]:
    result = api.replay_dead_letters(now=NOW, **chosen)
    return (result.written, result.streamed, result.still_dead)


def followed(group: str = "features") -> list[TrackedEvent]:
    """Return what another consumer gets from the beginning."""
    turns = iter([False, True])
    batches: list[StreamBatch] = list(
        api.follow(group=group, find_positions=lambda _: {}, limit=1_000, wait=0.0, stop=lambda: next(turns))
    )
    return [event for batch in batches for event in batch.events]


def read_the_next_version(record: Record) -> Any:
    """Read records as a later release might."""
    kind = records.EVENT if record.kind == NEXT_VERSION else record.kind
    return READ(Record(kind, record.key, record.payload))


READ = records.read


class TestPoison:
    @pytest.mark.parametrize(
        ("record", "reason"),
        [
            (Record("event", "k", b"\xc1garbage"), "unreadable: MessagePack data is malformed"),
            (Record("event", "k", b""), "unreadable: Input data was truncated"),
            (Record("exposure", "k", b"\x93\x01\x02\x03"), "unreadable: "),
            (Record(NEXT_VERSION, "k", b"\x90"), f"unreadable: unknown kind '{NEXT_VERSION}'"),
        ],
    )
    def test_what_cannot_be_read_is_parked_and_its_neighbours_are_written(self, record: Record, reason: str) -> None:
        good = tracked()
        get_stream().append([record, records.from_event(good)])
        drain_all()
        assert stored_ids() == [good.event_id]
        ((cause, told),) = letters()
        assert (cause, told[: len(reason)]) == ("unreadable", reason)
        assert bytes(DeadLetter.objects.get().payload) == record.payload

    def test_a_kind_and_key_that_postgres_cannot_hold(self) -> None:
        writer = table.TableWriter(stream=get_stream(), group="table", now_fn=lambda: NOW)
        writer.write(Chunk([Record("g\0ssip" * 40, "k\0" * 200, b"")], {}))
        letter = DeadLetter.objects.get()
        assert (letter.kind, letter.key) == ("g\u2400ssip" * 40, "k\u2400" * 200)

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"quantity": 2**40}, "integer out of range (column quantity or position)"),
            ({"position": -(2**31) - 1}, "integer out of range (column quantity or position)"),
            ({"query": "x" * 600}, "value too long for type character varying(500) (column query)"),
            ({"item_id": "a\0b"}, 'invalid byte sequence for encoding "UTF8": 0x00 (column item_id)'),
            ({"type": "x" * 30}, "value too long for type character varying(20) (column type)"),
            ({"time": NOW.replace(tzinfo=None)}, "can't subtract offset-naive and offset-aware datetimes"),
        ],
    )
    def test_what_the_table_refuses_is_parked_without_its_values(self, changes: dict[str, Any], reason: str) -> None:
        good = [tracked() for _ in range(4)]
        append(*good[:2], tracked(**changes), *good[2:])
        drain_all()
        assert stored_ids() == sorted(event.event_id for event in good)
        assert letters() == [("refused", reason)]

    def test_a_constraint_that_is_violated(self, narrow: Any) -> None:
        good = tracked()
        append(good, tracked(item_id="square"))
        drain_all()
        assert stored_ids() == [good.event_id]
        assert [cause for cause, _ in letters()] == ["refused"]
        assert "narrow" in letters()[0][1]

    def test_nothing_of_the_person_is_in_the_reason(self, narrow: Any) -> None:
        append(tracked(item_id="square", shopper_id=uuid.UUID(int=77), query="my name is Ada"))
        drain_all()
        assert ("Ada" in letters()[0][1], str(uuid.UUID(int=77)) in letters()[0][1]) == (False, False)

    def test_one_among_many_is_found_by_halves(self, monkeypatch: pytest.MonkeyPatch) -> None:
        calls: list[int] = []
        copy_any = copying.copy_any

        def counted(target: Target, rows: Sequence[Row]) -> list[Dead]:
            calls.append(len(rows))
            return copy_any(target, rows)

        monkeypatch.setattr(copying, "copy_any", counted)
        good = [tracked() for _ in range(127)]
        append(*good[:100], tracked(quantity=1, query="x" * 600), *good[100:])
        drain_all()
        assert (len(stored_ids()), len(letters())) == (127, 1)
        assert len(calls) <= 2 * 7  # halves of 128, down to the one

    def test_the_next_chunk_is_copied_whole_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        writer = table.TableWriter(stream=get_stream(), group="table", now_fn=lambda: NOW)
        reader = get_stream().open(group="table", find_positions=lambda _: {})
        halves: list[int] = []
        in_halves = copying._in_halves

        def counted(target: Target, rows: Sequence[Row]) -> list[Dead]:
            halves.append(len(rows))
            return in_halves(target, rows)

        monkeypatch.setattr(copying, "_in_halves", counted)
        for changes in ({"query": "x" * 600}, {}, {}):
            append(tracked(), tracked(**changes))
            chunk = reader.read(limit=10, wait=1.0)
            assert chunk is not None
            writer.write(chunk)
        reader.close()
        assert (len(halves), len(stored_ids())) == (1, 5)

    def test_a_copy_is_shown_to_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        parked: list[Letter] = []
        monkeypatch.setattr(PostgresStream, "park", lambda _self, given: parked.extend(given))
        record = Record("gossip", "k", b"1")
        get_stream().append([record])
        drain_all()
        assert parked == [Letter(record, "unreadable: unknown kind 'gossip'")]

    def test_where_it_cannot_be_shown_nothing_is_lost(self, monkeypatch: pytest.MonkeyPatch) -> None:
        turns = iter([Unavailable("away", code="stream_unavailable")])

        def park(_self: Any, _letters: Any) -> None:
            for error in turns:
                raise error

        monkeypatch.setattr(PostgresStream, "park", park)
        append(tracked(), tracked(quantity=2**40))
        drain_all()
        assert (len(stored_ids()), len(letters())) == (1, 1)


class TestRowsThatAreThere:
    def test_after_one_the_writer_is_careful_for_a_while(self) -> None:
        writer = table.TableWriter(stream=get_stream(), group="table", now_fn=lambda: NOW)
        reader = get_stream().open(group="table", find_positions=lambda _: {})
        one = tracked()
        for events in ([one], [tracked()], [one, tracked()], [one, tracked(), tracked()]):
            append(*events)
            chunk = reader.read(limit=10, wait=1.0)
            assert chunk is not None
            writer.write(chunk)
        reader.close()
        assert len(stored_ids()) == 5
        assert writer._careful == table._CAREFUL_CHUNKS - 2


class TestReplayDeadLetters:
    def test_what_was_refused_goes_to_its_table_alone(self, narrow: Any) -> None:
        one = tracked(item_id="square")
        append(one)
        drain_all()
        narrow()
        assert replay_all() == (1, 0, 0)
        assert (stored_ids(), letters(), len(followed())) == ([one.event_id], [], 1)
        assert DayChange.objects.get().changed == 1

    def test_what_could_not_be_read_goes_through_the_stream(self, monkeypatch: pytest.MonkeyPatch) -> None:
        one = tracked()
        get_stream().append([Record(NEXT_VERSION, "k", records.from_event(one).payload)])
        drain_all()
        monkeypatch.setattr(records, "read", read_the_next_version)
        assert replay_all() == (0, 1, 0)
        assert (letters(), stored_ids()) == ([], [])
        drain_all()
        assert stored_ids() == [one.event_id]
        assert [event.event_id for event in followed()] == [one.event_id] * 2

    def test_what_is_as_dead_as_before_stays_with_the_reason_of_today(self, narrow: Any) -> None:
        append(tracked(item_id="square"))
        get_stream().append([Record("gossip", "k", b"")])
        drain_all()
        DeadLetter.objects.update(reason="long ago")
        assert replay_all() == (0, 0, 2)
        (unreadable, refused) = sorted(letters(), reverse=True)
        assert unreadable == ("unreadable", "unreadable: unknown kind 'gossip'")
        assert "narrow" in refused[1]
        assert get_stream().lag()["table"] == 0

    def test_a_second_replay_finds_nothing(self, narrow: Any) -> None:
        append(tracked(item_id="square"))
        drain_all()
        narrow()
        assert [replay_all(), replay_all()] == [(1, 0, 0), (0, 0, 0)]
        assert len(stored_ids()) == 1

    def test_a_row_that_came_meanwhile_counts_once(self, narrow: Any) -> None:
        one = tracked(item_id="square")
        append(one)
        drain_all()
        narrow()
        append(one)
        drain_all()
        assert replay_all() == (1, 0, 0)
        assert stored_ids() == [one.event_id]

    def test_the_same_record_parked_twice_is_written_once(self, narrow: Any) -> None:
        one = tracked(item_id="square")
        append(one)
        drain_all()
        append(one)
        drain_all()
        narrow()
        assert replay_all() == (2, 0, 0)
        assert (stored_ids(), letters()) == ([one.event_id], [])

    def test_when_the_stream_is_away_all_stay_letters_and_none_is_half_done(
        self, narrow: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        append(tracked(item_id="square"))
        get_stream().append([Record(NEXT_VERSION, "k", records.from_event(tracked()).payload)])
        drain_all()
        narrow()
        monkeypatch.setattr(records, "read", read_the_next_version)

        def away(_self: Any, _records: Any) -> None:
            raise Unavailable("away", code="stream_unavailable")

        monkeypatch.setattr(PostgresStream, "append", away)
        with pytest.raises(Unavailable):
            replay_all()
        assert (stored_ids(), len(letters())) == ([], 2)

    @pytest.mark.parametrize(
        ("chosen", "left"),
        [({"cause": "refused"}, 1), ({"kind": "exposure"}, 1), ({"kind": "gossip"}, 2), ({"ids": []}, 2), ({}, 0)],
    )
    def test_only_the_chosen_ones(self, narrow: Any, chosen: dict[str, Any], left: int) -> None:
        slate = Exposure("uk", uuid.uuid4(), NOW, "home", None, ["a"], "popular", None, None, "web", None)
        append(tracked(item_id="square"))
        drain_all()
        letter = records.from_exposure(slate)
        DeadLetter.objects.create(
            kind=letter.kind, key=letter.key, payload=letter.payload, cause="unreadable", reason="then"
        )
        narrow()
        api.replay_dead_letters(now=NOW, **chosen)
        assert DeadLetter.objects.count() == left

    def test_slates_too(self) -> None:
        slate = Exposure("uk", uuid.uuid4(), NOW, "home", None, ["a"], "popular", None, None, "web", None)
        letter = records.from_exposure(slate)
        DeadLetter.objects.create(
            kind=letter.kind, key=letter.key, payload=letter.payload, cause="refused", reason="then"
        )
        assert replay_all() == (1, 0, 0)
        assert ServedSlate.objects.get().recommendation_id == slate.recommendation_id

    def test_the_month_of_a_late_one_is_made(self, narrow: Any) -> None:
        then = NOW - timedelta(days=365)
        append(tracked(item_id="square", time=then, day=then.date()))
        drain_all()
        narrow()
        _execute("DROP TABLE IF EXISTS tracking_event_2025_11")
        assert replay_all() == (1, 0, 0)
        assert api.count_strayed() == 0

    def test_one_that_another_replay_has_in_hand_is_left_to_it(self, narrow: Any) -> None:
        append(tracked(item_id="square"))
        drain_all()
        narrow()
        other = connection.copy()
        try:
            with other.cursor() as cursor:
                cursor.execute("BEGIN")
                cursor.execute("SELECT id FROM tracking_dead_letter FOR UPDATE")
                assert replay_all() == (0, 0, 0)
                cursor.execute("ROLLBACK")
        finally:
            other.close()
        assert replay_all() == (1, 0, 0)

    def test_steps_are_bounded_and_told(self, narrow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(replay, "_STEP", 2)
        append(*[tracked(item_id="square") for _ in range(5)])
        drain_all()
        narrow()
        told: list[int] = []
        result = api.replay_dead_letters(now=NOW, progress=told.append)
        assert (result, told) == (ReplayResult(written=5, streamed=0, still_dead=0), [2, 2, 1])


class TestCommand:
    def test_it_says_what_became_of_them(self, narrow: Any) -> None:
        append(tracked(item_id="square"))
        get_stream().append([Record("gossip", "k", b"")])
        drain_all()
        narrow()
        out = StringIO()
        call_command("replay_dead_letters", stdout=out)
        assert out.getvalue() == "1 written to their table, 0 put into the stream again, 1 still dead\n"

    def test_a_dry_run_changes_nothing(self) -> None:
        get_stream().append([Record("gossip", "k", b""), Record("event", "k", b"")])
        drain_all()
        out = StringIO()
        call_command("replay_dead_letters", "--kind", "event", "--dry-run", stdout=out)
        assert (out.getvalue(), DeadLetter.objects.count()) == ("1 dead letters would be replayed\n", 2)

    def test_by_number(self) -> None:
        for _ in range(3):
            payload = msgspec.msgpack.encode([])
            DeadLetter.objects.create(kind="gossip", key="", payload=payload, cause="unreadable", reason="")
        named = [str(letter.pk) for letter in DeadLetter.objects.all()[:2]]
        out = StringIO()
        call_command("replay_dead_letters", "--id", *named, stdout=out)
        assert out.getvalue() == "0 written to their table, 0 put into the stream again, 2 still dead\n"
        assert Event.objects.count() == 0
