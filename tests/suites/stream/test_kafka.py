"""What only Kafka can get wrong: strange messages, topics made anew, records that it removed, its own offsets."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.test import override_settings

from apps.tracking import api
from apps.tracking.contracts import PositionLost
from apps.tracking.stream import kafka_producer
from apps.tracking.stream.base import ONLY, Letter, Record
from apps.tracking.stream.kafka import KafkaStream
from apps.tracking.stream.kafka_cluster import Address
from apps.tracking.stream.kafka_topics import create_topics, read_topics
from specrec.kernel import clock
from specrec.kernel.errors import Invalid, Unavailable
from specrec.processes.kafka import Kafka
from tests.suites.stream.conftest import PARTITIONS, make_topics
from tests.suites.stream.twins import first_chunk, make_record, opened, read_all, unique

pytestmark = pytest.mark.django_db(transaction=True)
NOWHERE = Address("127.0.0.1:1")


@pytest.fixture
def stream(kafka_address: Address) -> Iterator[KafkaStream]:
    made = KafkaStream(kafka_address)
    yield made
    made.close()


@pytest.fixture
def admin(kafka_address: Address) -> AdminClient:
    return AdminClient(kafka_address.options())


def produce(address: Address, **message: Any) -> None:
    producer = Producer(address.options())
    producer.produce(address.events, **message)
    assert producer.flush(10) == 0


class TestStrangeMessages:
    @pytest.mark.parametrize(
        ("message", "record"),
        [
            ({"value": b"no headers"}, Record("", "", b"no headers")),
            ({"value": None, "key": b"gone", "headers": {"kind": b"event"}}, Record("event", "gone", b"")),
            ({"value": b"v", "key": b"\xff\xfe", "headers": {"kind": b"\xff"}}, Record("\ufffd", "\ufffd\ufffd", b"v")),
            ({"value": b"v", "key": b"a\0b", "headers": {"kind": b"x" * 90}}, Record("x" * 16, "a\ufffdb", b"v")),
            ({"value": b"v", "key": b"k" * 300, "headers": {"kind": None}}, Record("", "k" * 128, b"v")),
        ],
    )
    def test_whatever_is_in_the_topic_is_a_record(
        self, stream: KafkaStream, message: dict[str, Any], record: Record
    ) -> None:
        produce(stream.address, **message)
        with opened(stream) as tap:
            assert tap.take(lambda _: True, 1) == [record]


class TestTopicAnew:
    def test_a_position_in_a_topic_of_the_same_name_that_is_gone_is_lost(
        self, stream: KafkaStream, admin: AdminClient
    ) -> None:
        stream.append([make_record(1)])
        _, tap = read_all(stream, 1)
        admin.delete_topics([stream.address.events], operation_timeout=10)[stream.address.events].result()
        _make_again(stream.address)
        anew = KafkaStream(stream.address)
        anew.append([make_record(number) for number in range(5)])
        reader = anew.open(group="readers", find_positions=lambda _: tap.positions)
        with pytest.raises(PositionLost):
            first_chunk(reader)
        reader.close()

    def test_a_position_of_the_new_one_replaces_that_of_the_old(self, stream: KafkaStream, admin: AdminClient) -> None:
        stream.append([make_record(number) for number in range(5)])
        _, old = read_all(stream, 5)
        stream.acknowledge(group="readers", positions=old.positions)
        admin.delete_topics([stream.address.events], operation_timeout=10)[stream.address.events].result()
        _make_again(stream.address)
        anew = KafkaStream(stream.address)
        anew.append([make_record(1)])
        _, new = read_all(anew, 1)
        anew.acknowledge(group="readers", positions=new.positions)
        assert anew.find_positions(group="readers") == new.positions


def _make_again(address: Address) -> None:
    """The name is free only when all of the broker has seen the removal."""
    for _ in range(50):
        reports = create_topics(address, read_topics(Path(settings.KAFKA_TOPICS)), replication=1, partitions=PARTITIONS)
        if reports[address.events] is None:
            return
        time.sleep(0.2)
    pytest.fail("the topic could not be made again")


class TestTrimmed:
    def test_a_position_before_what_kafka_removed_is_lost(self, stream: KafkaStream, admin: AdminClient) -> None:
        stream.append([make_record(1), make_record(2)])
        with opened(stream) as tap:
            tap.take(lambda _: True, 1, limit=1)
            old = dict(tap.positions)
        stream.append([make_record(number) for number in range(3, 6)])
        _trim(admin, stream.address, old, keep_from=4)
        reader = stream.open(group="readers", find_positions=lambda _: old)
        with pytest.raises(PositionLost):
            first_chunk(reader)
        reader.close()

    def test_what_is_left_is_read_from_its_beginning(self, stream: KafkaStream, admin: AdminClient) -> None:
        stream.append([make_record(number) for number in range(5)])
        _, tap = read_all(stream, 5)
        _trim(admin, stream.address, tap.positions, keep_from=3)
        assert read_all(stream, 2)[0] == [b"payload 3", b"payload 4"]

    def test_lag_counts_what_is_left(self, stream: KafkaStream, admin: AdminClient) -> None:
        stream.append([make_record(number) for number in range(5)])
        _, tap = read_all(stream, 5)
        _trim(admin, stream.address, tap.positions, keep_from=3)
        assert stream.lag()["readers"] == 2


def _trim(admin: AdminClient, address: Address, positions: dict[str, str], *, keep_from: int) -> None:
    (partition,) = positions
    place = TopicPartition(address.events, int(partition), keep_from)
    for answer in admin.delete_records([place]).values():
        answer.result()


class TestOffsetsOfTheCluster:
    def test_they_follow_when_the_transaction_has_committed(self, stream: KafkaStream, admin: AdminClient) -> None:
        stream.append([make_record(1), make_record(2)])
        with opened(stream) as tap:
            tap.take(lambda _: True, 2)
            with transaction.atomic():
                stream.acknowledge(group="readers", positions=tap.positions)
                assert _committed(admin, stream.address) == {}
            found = _wait_for_committed(admin, stream.address)
        (partition,) = tap.positions
        assert found == {int(partition): 2}

    def test_they_stay_when_it_rolled_back(self, stream: KafkaStream, admin: AdminClient) -> None:
        stream.append([make_record(1)])
        with opened(stream) as tap:
            tap.take(lambda _: True, 1)
            with transaction.atomic():
                stream.acknowledge(group="readers", positions=tap.positions)
                transaction.set_rollback(True)
        assert (_committed(admin, stream.address), stream.find_positions(group="readers")) == ({}, {})

    def test_a_closed_reader_does_not_stop_an_acknowledgement(self, stream: KafkaStream) -> None:
        stream.append([make_record(1)])
        _, tap = read_all(stream, 1)
        stream.acknowledge(group="readers", positions=tap.positions)
        assert stream.find_positions(group="readers") == tap.positions


def _committed(admin: AdminClient, address: Address) -> dict[int, int]:
    group = f"{address.prefix}.readers"
    (answer,) = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]).values()
    return {one.partition: one.offset for one in answer.result().topic_partitions}


def _wait_for_committed(admin: AdminClient, address: Address) -> dict[int, int]:
    for _ in range(100):
        if found := _committed(admin, address):
            return found
        time.sleep(0.1)
    pytest.fail("nothing was committed")


class TestPark:
    def test_a_letter_goes_to_the_topic_of_dead_letters_with_its_reason(self, stream: KafkaStream) -> None:
        stream.park([Letter(Record("gossip", "ada", b"\xff"), "unknown kind 'gossip'")])
        consumer = Consumer(stream.address.options(**{"group.id": "looking", "auto.offset.reset": "earliest"}))
        consumer.assign([TopicPartition(stream.address.dead_letters, 0, 0)])
        message = consumer.poll(30)
        consumer.close()
        assert message is not None
        assert (message.key(), message.value()) == (b"ada", b"\xff")
        assert dict(message.headers() or []) == {"kind": b"gossip", "reason": b"unknown kind 'gossip'"}

    def test_no_letters_write_nothing(self) -> None:
        KafkaStream(NOWHERE).park([])

    def test_nothing_is_trimmed_by_us(self, stream: KafkaStream) -> None:
        stream.append([make_record(1)])
        assert stream.trim(before=clock.now()) == 0
        assert read_all(stream, 1)[0] == [b"payload 1"]


class TestNobodyThere:
    @pytest.fixture(autouse=True)
    def _soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(kafka_producer._OPTIONS, "message.timeout.ms", 300)
        monkeypatch.setattr("apps.tracking.stream.kafka_cluster._SECONDS", 0.3)

    def test_append_and_lag_say_so(self) -> None:
        stream = KafkaStream(NOWHERE)
        with pytest.raises(Unavailable):
            stream.append([make_record(1)])
        with pytest.raises(Unavailable):
            stream.lag()

    def test_while_one_caller_tries_others_are_told_at_once(self) -> None:
        producer = kafka_producer.KafkaProducer(NOWHERE)
        with pytest.raises(Unavailable):
            producer.write("topic", [(make_record(1), ())])
        with producer._patience(), pytest.raises(Unavailable, match="a moment ago"):
            producer.write("topic", [(make_record(1), ())])

    def test_a_reader_waits_and_leaves(self) -> None:
        reader = KafkaStream(NOWHERE).open(group="readers", find_positions=lambda _: {})
        assert reader.read(limit=10, wait=0.2) is None
        reader.close()


class TestCreateTopics:
    def test_topics_are_made_as_described_and_left_alone_afterwards(self, kafka: Kafka) -> None:
        prefix = unique("made")
        with override_settings(KAFKA_BROKERS=kafka.brokers, KAFKA_PREFIX=prefix):
            made = api.create_topics(replication=1)
            again = api.create_topics(replication=1)
            differing = api.create_topics(replication=1, partitions=24)
        names = [f"{prefix}.events", f"{prefix}.dead-letters"]
        assert (made, again) == (dict.fromkeys(names), {name: [] for name in names})
        assert differing == {names[0]: ["partitions is 12, described as 24"], names[1]: []}

    def test_more_copies_than_brokers_are_refused_with_the_reason(self, kafka: Kafka) -> None:
        with override_settings(KAFKA_BROKERS=kafka.brokers, KAFKA_PREFIX=unique("refused")), pytest.raises(Invalid):
            api.create_topics()

    def test_without_brokers_it_says_what_to_set(self) -> None:
        with override_settings(KAFKA_BROKERS=""), pytest.raises(ImproperlyConfigured, match="SPECREC_KAFKA_BROKERS"):
            api.create_topics()

    def test_a_description_with_a_misspelt_word_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "topics.yaml"
        path.write_text("topics: [{name: events, partition: 3, replication: 1}]")
        with pytest.raises(Invalid, match="partition"):
            read_topics(path)


class TestAddress:
    def test_security_is_passed_on_and_what_is_empty_is_not(self) -> None:
        address = replace(NOWHERE, security={"security.protocol": "SASL_SSL", "sasl.username": "", "sasl.password": ""})
        found = address.options(**{"group.id": "g"})
        assert (found["security.protocol"], found["group.id"], "sasl.username" in found) == ("SASL_SSL", "g", False)

    def test_a_child_of_a_process_that_had_connected_connects_anew(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stream = KafkaStream(NOWHERE)
        before = (stream._get_cluster(), stream._get_producer())
        assert (stream._get_cluster(), stream._get_producer()) == before
        monkeypatch.setattr("apps.tracking.stream.kafka.os.getpid", lambda: -1)
        assert stream._get_cluster() is not before[0]
        assert stream._get_producer() is not before[1]


def test_partition_names_are_those_of_kafka(kafka_address: Address) -> None:
    make_topics(kafka_address)
    stream = KafkaStream(kafka_address)
    stream.append([make_record(number, f"key {number}") for number in range(100)])
    _, tap = read_all(stream, 100)
    assert sorted(tap.positions) == [ONLY, *map(str, range(1, PARTITIONS))]
