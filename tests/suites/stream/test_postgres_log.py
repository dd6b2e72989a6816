"""What only the Postgres log can get wrong: commits out of order, roll-backs, a connection that is gone."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection, transaction

from apps.tracking.contracts import PositionLost
from apps.tracking.models import LogTrimmed, StreamPosition
from apps.tracking.stream.base import ONLY, TABLE_GROUP, Record
from apps.tracking.stream.postgres import PostgresReader, PostgresStream
from specrec.kernel.errors import Unavailable

pytestmark = pytest.mark.django_db(transaction=True)
INSERT = "INSERT INTO tracking_log (kind, key, payload) VALUES ('event', 'ada', %s)"


@pytest.fixture
def other() -> Iterator[psycopg.Connection]:
    """A second writer with a connection of its own."""
    given = connection.get_connection_params() | {"dbname": connection.settings_dict["NAME"]}
    given.pop("cursor_factory", None)
    given.pop("context", None)
    with psycopg.connect(**given) as made:
        yield made
        made.rollback()


def open_reader(stream: PostgresStream, position: str | None = None) -> PostgresReader:
    return stream.open(group="readers", find_positions=lambda _: {} if position is None else {ONLY: position})


def payloads(reader: PostgresReader) -> list[bytes]:
    chunk = reader.read(limit=100, wait=0.0)
    return [] if chunk is None else [one.payload for one in chunk.records]


class TestLateCommit:
    def test_an_earlier_transaction_that_commits_later_is_not_skipped(self, other: psycopg.Connection) -> None:
        stream = PostgresStream()
        reader = open_reader(stream)
        other.execute(INSERT, [b"early but late"])
        stream.append([Record("event", "bea", b"neighbour")])
        seen_before = payloads(reader)
        other.commit()
        assert (seen_before, payloads(reader)) == ([], [b"early but late", b"neighbour"])

    def test_a_later_sequence_number_in_an_older_transaction_is_not_skipped(self, other: psycopg.Connection) -> None:
        stream = PostgresStream()
        reader = open_reader(stream)
        other.execute("SELECT pg_current_xact_id()")
        stream.append([Record("event", "bea", b"first number")])
        other.execute(INSERT, [b"older transaction, second number"])
        other.commit()
        stream.append([Record("event", "bea", b"third number")])
        assert payloads(reader) == [b"older transaction, second number", b"first number", b"third number"]

    def test_the_reader_that_went_on_before_still_sees_it(self, other: psycopg.Connection) -> None:
        stream = PostgresStream()
        reader = open_reader(stream)
        stream.append([Record("event", "bea", b"before")])
        assert payloads(reader) == [b"before"]
        other.execute(INSERT, [b"late"])
        stream.append([Record("event", "bea", b"after")])
        assert payloads(reader) == []
        other.commit()
        assert payloads(reader) == [b"late", b"after"]

    def test_many_writers_at_once_lose_nothing(self) -> None:
        stream = PostgresStream()
        writers = [threading.Thread(target=_write, args=(stream, name)) for name in range(4)]
        reader = open_reader(stream)
        for writer in writers:
            writer.start()
        found: list[bytes] = []
        while any(writer.is_alive() for writer in writers):
            found += payloads(reader)
        for writer in writers:
            writer.join()
        found += payloads(reader)
        assert sorted(found) == sorted(
            f"{name}:{turn}:{one}".encode() for name in range(4) for turn in range(10) for one in range(3)
        )


def _write(stream: PostgresStream, name: int) -> None:
    try:
        for turn in range(10):
            stream.append([Record("event", "ada", f"{name}:{turn}:{one}".encode()) for one in range(3)])
    finally:
        connection.close()


class TestRollBack:
    def test_what_was_rolled_back_is_never_read(self, other: psycopg.Connection) -> None:
        stream = PostgresStream()
        other.execute(INSERT, [b"taken back"])
        other.rollback()
        stream.append([Record("event", "bea", b"kept")])
        assert payloads(open_reader(stream)) == [b"kept"]

    def test_a_refused_record_takes_its_whole_call_with_it(self) -> None:
        stream = PostgresStream()
        with pytest.raises(Exception, match="too long"):
            stream.append([Record("event", "ada", b"good"), Record("event", "x" * 200, b"key too long")])
        assert payloads(open_reader(stream)) == []

    def test_a_position_rolls_back_with_its_transaction(self) -> None:
        stream = PostgresStream()
        stream.append([Record("event", "ada", b"one")])
        with transaction.atomic():
            stream.acknowledge(group="readers", positions={ONLY: "1:1"})
            transaction.set_rollback(True)
        assert stream.find_positions(group="readers") == {}


class TestLostConnection:
    def test_append_says_unavailable_and_works_again_after(self, other: psycopg.Connection) -> None:
        stream = PostgresStream()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            other.execute("SELECT pg_terminate_backend(%s)", [cursor.fetchone()[0]])
        other.commit()
        with pytest.raises(Unavailable) as raised:
            stream.append([Record("event", "ada", b"lost")])
        assert raised.value.code == "stream_unavailable"
        stream.append([Record("event", "ada", b"again")])
        assert payloads(open_reader(stream)) == [b"again"]

    def test_a_reader_goes_on_where_its_owner_is(self, other: psycopg.Connection) -> None:
        stream = PostgresStream()
        kept: dict[str, str] = {}
        reader = stream.open(group="readers", find_positions=lambda _: kept)
        stream.append([Record("event", "ada", b"one")])
        chunk = reader.read(limit=1, wait=0.0)
        assert chunk is not None
        kept |= chunk.positions
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            other.execute("SELECT pg_terminate_backend(%s)", [cursor.fetchone()[0]])
        other.commit()
        with pytest.raises(Unavailable):
            payloads(reader)
        stream.append([Record("event", "ada", b"two")])
        assert payloads(reader) == [b"two"]


class TestOrder:
    def test_transaction_numbers_are_ordered_as_numbers(self) -> None:
        numbered = "INSERT INTO tracking_log (xid, kind, key, payload) VALUES (%s::xid8, 'event', 'ada', %s)"
        with connection.cursor() as cursor:
            for number in ("10", "9", "100"):
                cursor.execute(numbered, [number, number.encode()])
        reader = open_reader(PostgresStream())
        first, second = reader.read(limit=1, wait=0.0), reader.read(limit=9, wait=0.0)
        assert first is not None
        assert second is not None
        assert [one.payload for chunk in (first, second) for one in chunk.records] == [b"9", b"10", b"100"]


class TestRestoredElsewhere:
    """A dump in another cluster: positions and records are ahead of all its transactions."""

    AHEAD = f"{2**40}:7"

    def test_a_position_ahead_of_all_transactions_is_lost(self) -> None:
        stream = PostgresStream()
        stream.append([Record("event", "ada", b"new")])
        with pytest.raises(PositionLost):
            payloads(open_reader(stream, self.AHEAD))

    def test_it_acknowledges_nothing(self) -> None:
        stream = PostgresStream()
        stream.append([Record("event", "ada", b"new")])
        stream.acknowledge(group=TABLE_GROUP, positions={ONLY: self.AHEAD})
        removed = stream.trim(before=datetime.now(UTC) + timedelta(hours=1))
        assert (stream.lag(), removed) == ({TABLE_GROUP: 1}, 0)

    def test_an_unreadable_one_acknowledges_nothing(self) -> None:
        stream = PostgresStream()
        stream.append([Record("event", "ada", b"new")])
        StreamPosition.objects.create(
            group=TABLE_GROUP, partition=ONLY, position="kafka/0/17", updated_at=datetime.now(UTC)
        )
        removed = stream.trim(before=datetime.now(UTC) + timedelta(hours=1))
        assert (stream.lag(), removed) == ({TABLE_GROUP: 1}, 0)

    def test_records_ahead_of_all_transactions_are_read_in_their_order(self) -> None:
        stream = PostgresStream()
        numbered = "INSERT INTO tracking_log (xid, kind, key, payload) VALUES (%s::xid8, 'event', 'ada', %s)"
        with connection.cursor() as cursor:
            for number in (2**40, 2**40 + 1):
                cursor.execute(numbered, [str(number), f"restored {number - 2**40}".encode()])
        reader = open_reader(stream)
        stream.append([Record("event", "ada", b"new")])
        assert payloads(reader) == [b"restored 0", b"restored 1", b"new"]

    def test_a_trimmed_mark_ahead_of_all_transactions_is_forgotten(self) -> None:
        stream = PostgresStream()
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO tracking_log_trimmed (id, xid, seq) VALUES (1, %s::xid8, 7)", [str(2**40)])
        stream.append([Record("event", "ada", b"one"), Record("event", "ada", b"two")])
        chunk = open_reader(stream).read(limit=1, wait=0.0)
        assert chunk is not None
        assert payloads(open_reader(stream, chunk.positions[ONLY])) == [b"two"]
        assert not LogTrimmed.objects.exists()
