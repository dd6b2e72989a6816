"""Making the topics of the Kafka twin as `deploy/kafka/topics.yaml` describes them."""

import time
from pathlib import Path
from typing import Annotated

import msgspec
from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, TopicDescription
from django.conf import settings

from apps.tracking.stream.kafka import address_from_settings
from apps.tracking.stream.kafka_cluster import Address, away
from specrec.kernel.errors import Invalid

_SECONDS = 15.0
_IN_SYNC = "min.insync.replicas"
_Count = Annotated[int, msgspec.Meta(ge=1)]


class Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A topic as it shall be; its name is without the prefix."""

    name: str
    partitions: _Count
    replication: _Count
    config: dict[str, str] = {}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    topics: list[Topic]


def read_topics(path: Path) -> list[Topic]:
    """Return the described topics. Raises Invalid."""
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=_File).topics
    except (OSError, msgspec.MsgspecError) as error:
        raise Invalid(f"{path.name} cannot be used: {error}", code="invalid_topics") from error


def create_topics(
    address: Address, topics: list[Topic], *, replication: int | None, partitions: int | None
) -> dict[str, list[str] | None]:
    """Make the topics that are not there; return by name where the others differ, None for one made now.

    Raises Unavailable, Invalid.

    replication: instead of the described number of copies; as many must be in sync at most
    partitions: instead of the described number for the topic of events
    """
    admin = AdminClient(address.options())
    wanted = [_adapt(topic, address, replication, partitions) for topic in topics]
    return {topic.name: _create(admin, topic) for topic in wanted}


def create_described(*, replication: int | None, partitions: int | None) -> dict[str, list[str] | None]:
    """Do so for the cluster and the description that the settings name. Raises Unavailable, Invalid."""
    address = address_from_settings()
    return create_topics(address, read_topics(settings.KAFKA_TOPICS), replication=replication, partitions=partitions)


def _adapt(topic: Topic, address: Address, replication: int | None, partitions: int | None) -> Topic:
    name = f"{address.prefix}.{topic.name}"
    copies = replication or topic.replication
    config = dict(topic.config)
    if _IN_SYNC in config:
        config[_IN_SYNC] = str(min(int(config[_IN_SYNC]), copies))
    count = partitions if partitions and name == address.events else topic.partitions
    return Topic(name, count, copies, config)


def _create(admin: AdminClient, topic: Topic) -> list[str] | None:
    new = NewTopic(topic.name, topic.partitions, topic.replication, config=topic.config)
    try:
        admin.create_topics([new], request_timeout=_SECONDS)[topic.name].result()
    except KafkaException as error:
        code = error.args[0].name()
        if code == "TOPIC_ALREADY_EXISTS":
            return _compare(admin, topic)
        if code in {"INVALID_REPLICATION_FACTOR", "INVALID_PARTITIONS", "INVALID_CONFIG"}:
            raise Invalid(f"{topic.name}: {error.args[0].str()}", code="invalid_topics") from error
        raise away(error) from error
    _describe(admin, topic)  # every broker hears of it a moment later: whoever starts after us shall find it
    return None


def _compare(admin: AdminClient, topic: Topic) -> list[str]:
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic.name)
    found = _describe(admin, topic)
    try:
        config = admin.describe_configs([resource], request_timeout=_SECONDS)[resource].result()
    except KafkaException as error:
        raise away(error) from error
    pairs = [
        ("partitions", str(len(found.partitions)), str(topic.partitions)),
        ("replication", str(len(found.partitions[0].replicas)), str(topic.replication)),
        *((name, config[name].value if name in config else "unset", value) for name, value in topic.config.items()),
    ]
    return [f"{name} is {is_value}, described as {wanted}" for name, is_value, wanted in pairs if is_value != wanted]


def _describe(admin: AdminClient, topic: Topic) -> TopicDescription:
    """Return what the cluster says of a topic that it has; raises Unavailable."""
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            described = admin.describe_topics(TopicCollection([topic.name]), request_timeout=_SECONDS)
            found: TopicDescription = described[topic.name].result()
        except KafkaException as error:
            if error.args[0].name() != "UNKNOWN_TOPIC_OR_PART" or time.monotonic() > deadline:
                raise away(error) from error
            time.sleep(0.1)
        else:
            return found
