"""What goes wrong around a Kafka client: partitions given back at once, letters that no topic takes, forks."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from apps.tracking.stream.base import Letter, Reader, Record
from apps.tracking.stream.kafka import KafkaStream
from apps.tracking.stream.kafka_cluster import Address
from apps.tracking.stream.kafka_reader import KafkaReader
from specrec.commands import ROOT
from tests.suites.stream.conftest import PARTITIONS
from tests.suites.stream.twins import PATIENCE, first_chunk, make_record, opened

pytestmark = pytest.mark.django_db(transaction=True)
FORK = """
import os, sys
import django
django.setup()
from apps.tracking.stream.base import Record
from apps.tracking.stream.kafka import KafkaStream
from apps.tracking.stream.kafka_cluster import Address

stream = KafkaStream(Address(sys.argv[1], has_topic_ids=False))
stream.append([Record("event", "ada", b"parent")])
stream._get_cluster().partitions()
child = os.fork()
if child == 0:
    stream.append([Record("event", "ada", b"child")])
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.fixture
def stream(kafka_address: Address) -> Iterator[KafkaStream]:
    made = KafkaStream(kafka_address)
    yield made
    made.close()


class Given:
    """Where a reader begins: with everything; and which partitions it was given."""

    def __init__(self) -> None:
        self.partitions: list[str] = []

    def __call__(self, partitions: Sequence[str]) -> dict[str, str]:
        self.partitions += partitions
        return {}


def wait_for(is_done: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class TestGivenBack:
    def test_what_comes_in_the_same_read_after_a_partition_was_taken_and_given_back_is_not_skipped(
        self, stream: KafkaStream
    ) -> None:
        given, found = Given(), []
        reader = stream.open(group="readers", find_positions=given)
        wait_for(lambda: reader.read(limit=10, wait=0.2) is None and len(given.partitions) == PARTITIONS)
        waiting = threading.Thread(target=lambda: found.append(reader.read(limit=10, wait=PATIENCE)))
        waiting.start()
        (moved, *_) = _come_and_go(stream)
        wait_for(lambda: len(given.partitions) > PARTITIONS)
        _produce(stream.address, partition=int(moved))
        waiting.join()
        reader.close()
        (chunk,) = found
        assert chunk is not None
        assert [one.payload for one in chunk.records] == [b"after"]

    def test_one_that_was_given_back_while_its_messages_were_taken_is_begun_anew(
        self, stream: KafkaStream, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stream.append([make_record(1)])
        reader = stream.open(group="readers", find_positions=lambda _: {})
        shaken = _Shaken(reader)
        with monkeypatch.context() as patched:
            patched.setattr(reader, "_consumer", shaken)
            assert reader.read(limit=10, wait=0.0) is None
        reader._consumer = None
        assert shaken.is_closed
        assert first_chunk(reader).records == [make_record(1)]
        reader.close()


def _come_and_go(stream: KafkaStream) -> list[str]:
    """Let another reader of the group come and leave; return the partitions that it was given."""
    given = Given()
    reader: Reader = stream.open(group="readers", find_positions=given)
    wait_for(lambda: reader.read(limit=1, wait=0.2) is None and given.partitions)
    reader.close()
    return given.partitions


def _produce(address: Address, *, value: bytes = b"after", partition: int = 0, **options: Any) -> None:
    producer = Producer(address.options(**options))
    producer.produce(address.events, value, partition=partition)
    assert producer.flush(10) == 0


class _Message:
    """A message of the first partition."""

    def error(self) -> None:
        """Return that nothing is wrong."""

    def partition(self) -> int:
        return 0


class _Shaken:
    """A client that loses its partition and gets it back between two messages of it."""

    def __init__(self, reader: KafkaReader) -> None:
        self.is_closed = False
        self._reader = reader

    def poll(self, _wait: float) -> _Message:
        return _Message()

    def consume(self, _number: int, _wait: float) -> list[_Message]:
        one: Any = self
        self._reader._revoke(one, [TopicPartition("any", 0)])
        self._reader._assign(one, [TopicPartition("any", 0)])
        return [_Message()]

    def incremental_assign(self, partitions: list[TopicPartition]) -> None:
        """Take them."""

    def incremental_unassign(self, partitions: list[TopicPartition]) -> None:
        """Give them back."""

    def close(self) -> None:
        self.is_closed = True


class TestPark:
    def test_a_letter_that_is_too_large_keeps_no_other_from_its_place(self, stream: KafkaStream) -> None:
        _produce(stream.address, value=b"x" * 1_030_000, **{"message.max.bytes": 1_040_000})
        with opened(stream) as tap:
            (large,) = tap.take(lambda _: True, 1)
        small = Record("gossip", "ada", b"1")
        stream.park([Letter(small, "first"), Letter(large, "too large"), Letter(small, "last")])
        counted = AdminClient(stream.address.options())
        assert _parked(counted, stream.address) >= 2
        stream.append([make_record(1)])  # nobody takes the broker for one that is away

    def test_where_the_topic_is_not_there_nobody_waits_for_it(self, stream: KafkaStream) -> None:
        admin, topic = AdminClient(stream.address.options()), stream.address.dead_letters
        admin.delete_topics([topic])[topic].result()
        for _ in range(2):
            stream.park([Letter(Record("gossip", "ada", b"1"), "unknown kind")])
        stream.append([make_record(1)])
        with opened(stream) as tap:
            assert tap.take(lambda _: True, 1) == [make_record(1)]


def _parked(admin: AdminClient, address: Address) -> int:
    place = TopicPartition(address.dead_letters, 0)
    asked = {place: OffsetSpec.latest()}  # type: ignore[no-untyped-call]  # the library's types have gaps
    return int(admin.list_offsets(asked)[place].result().offset)


class TestFork:
    def test_a_child_of_a_process_that_had_connected_writes_too(self, mock_address: Address) -> None:
        done = subprocess.run([sys.executable, "-c", FORK, mock_address.brokers], cwd=ROOT, check=False)
        assert done.returncode == 0
