"""Servers that are killed and started again: what was accepted is there, and writers and readers go on."""

from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from apps.tracking.stream import kafka_producer
from specrec.embedded import Parts
from specrec.kernel.errors import Unavailable
from specrec.processes.kafka import Kafka
from tests.suites.stream.twins import Ability, Tap, Twin, able, make_record, opened, read_all

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("twin", able(Ability.RESTARTS), indirect=True),
]


class Server:
    """The server of the twin, which goes away and comes back."""

    def __init__(self, part: Parts | Kafka) -> None:
        self._part = part

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self._part.kill() if isinstance(self._part, Kafka) else self._part.kill_postgres()

    def start(self) -> None:
        """Start it on the same data; does nothing where it runs."""
        if isinstance(self._part, Kafka):
            self._part.start()
        else:
            self._part.start_postgres()
            connection.close()


@pytest.fixture
def server(twin: Twin, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(kafka_producer, "DELIVERY_SECONDS", 2.0)
    monkeypatch.setitem(kafka_producer._OPTIONS, "message.timeout.ms", 2_000)
    found = Server(request.getfixturevalue("kafka" if twin.name == "kafka" else "parts"))
    yield found
    found.start()


def append_when_back(twin: Twin, number: int) -> None:
    for _ in range(20):
        try:
            twin.stream.append([make_record(number)])
        except Unavailable:
            continue
        return
    pytest.fail("the stream did not come back")


def take_when_back(tap: Tap, last: bytes) -> list[bytes]:
    """Return what comes up to this payload."""
    found: list[bytes] = []
    for _ in range(200):
        try:
            found += [one.payload for one in tap.read(wait=0.2)]
        except Unavailable:
            continue
        if last in found:
            return found
    pytest.fail(f"{last!r} did not come")


class TestKilled:
    def test_what_was_accepted_is_there_afterwards_and_a_reader_goes_on(self, twin: Twin, server: Server) -> None:
        kept: dict[str, str] = {}
        reader = twin.stream.open(group="readers", find_positions=lambda _: kept)
        tap = Tap(reader, "readers", kept)
        sent = [make_record(number) for number in range(500)]
        twin.stream.append(sent[:1])
        assert take_when_back(tap, sent[0].payload) == [sent[0].payload]
        twin.stream.append(sent[1:])
        server.kill()
        server.start()
        append_when_back(twin, 500)
        assert take_when_back(tap, b"payload 500") == [*(one.payload for one in sent[1:]), b"payload 500"]
        reader.close()

    def test_appending_says_that_it_is_away_and_works_again_after(self, twin: Twin, server: Server) -> None:
        twin.stream.append([make_record(1)])
        server.kill()
        with pytest.raises(Unavailable) as raised:
            twin.stream.append([make_record(2)])
        assert raised.value.code == "stream_unavailable"
        server.start()
        append_when_back(twin, 3)
        with opened(twin.stream) as tap:
            # What was refused may have been written all the same; nothing else is.
            assert set(take_when_back(tap, b"payload 3")) - {b"payload 2"} == {b"payload 1", b"payload 3"}


class TestAcknowledged:
    def test_positions_survive_the_database_of_any_twin(self, twin: Twin, parts: Parts) -> None:
        twin.stream.append([make_record(1)])
        _, tap = read_all(twin.stream, 1)
        with transaction.atomic():
            twin.stream.acknowledge(group="readers", positions=tap.positions)
        parts.restart_postgres()
        connection.close()
        assert twin.stream.find_positions(group="readers") == tap.positions
