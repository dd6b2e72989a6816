"""The Kafka cluster as the twin needs it: how to reach it, which topic this is, where its partitions begin and end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from confluent_kafka import KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from apps.tracking.contracts import PositionLost
from specrec.kernel.errors import Unavailable

_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Address:
    """How to reach the cluster, and what our topics are called there.

    security: librdkafka's own settings for TLS and SASL
    has_topic_ids: no for librdkafka's mock cluster alone, where the cluster's id has to do
    """

    brokers: str
    prefix: str = "specrec"
    security: Mapping[str, str] = field(default_factory=dict)
    has_topic_ids: bool = True

    @property
    def events(self) -> str:
        """The topic of the stream itself."""
        return f"{self.prefix}.events"

    @property
    def dead_letters(self) -> str:
        """The topic of what consumers could not use."""
        return f"{self.prefix}.dead-letters"

    def options(self, **options: Any) -> dict[str, Any]:
        """Return the configuration of a client, with what all of ours have in common."""
        common = {
            "bootstrap.servers": self.brokers,
            "client.id": "specrec",
            "log_level": 2,  # what goes wrong is raised to callers, who say it once, not for every attempt
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 1_000,  # a broker that is back is used within a second
        }
        return common | {name: value for name, value in self.security.items() if value} | options


class Place(NamedTuple):
    """A position: which topic it is in, and the offset of the next record.

    A topic that was made anew has another id, and so has the topic of another cluster: positions of the old one are
    recognised, however far the new one has come.
    """

    topic_id: str
    offset: int

    def __str__(self) -> str:
        return f"{self.topic_id}:{self.offset}"


class Ends(NamedTuple):
    """The offset of the earliest kept record of a partition, and the one after its last."""

    low: int
    high: int


class Cluster:
    """Questions to the cluster; every method that asks raises Unavailable."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._admin = AdminClient(address.options())
        self._topic_id: str | None = None

    def topic_id(self, *, anew: bool = False) -> str:
        """Return what identifies the topic, asked once unless it shall be asked `anew`."""
        if self._topic_id is None or anew:
            self._topic_id = self._ask_topic_id()
        return self._topic_id

    def partitions(self) -> list[int]:
        """Return the numbers of the topic's partitions."""
        return sorted(self._metadata().partitions)

    def ends(self, partitions: Iterable[int]) -> dict[int, Ends]:
        """Return by partition where it begins and ends."""
        wanted = list(partitions)
        low = self._offsets(wanted, OffsetSpec.earliest())  # type: ignore[no-untyped-call]  # the library's types
        high = self._offsets(wanted, OffsetSpec.latest())  # type: ignore[no-untyped-call]  # have gaps
        return {number: Ends(low[number], high[number]) for number in wanted}

    def place(self, position: str, ends: Ends) -> Place:
        """Return the position as it was kept; raises PositionLost where it is none of this topic as it is now."""
        found = read_place(position)
        if found is None or found.topic_id != self.topic_id() or not ends.low <= found.offset <= ends.high:
            raise PositionLost(position)
        return found

    def gives_way(self, partition: str, stored: str, new: str) -> bool:
        """Return whether `new` is the later position, or the only one that is a position of this topic."""
        after, before = read_place(new), read_place(stored)
        if after is None or before is None:
            return after is not None
        if after.topic_id != before.topic_id:
            return after.topic_id == self.topic_id()
        if after.offset >= before.offset:
            return True
        number = int(partition)  # asked only here: what is ahead of the partition's end is no position any more
        return before.offset > self.ends([number])[number].high

    def _ask_topic_id(self) -> str:
        if not self.address.has_topic_ids:
            self._metadata()
            return str(self._admin.list_topics(timeout=_SECONDS).cluster_id)
        topic = self.address.events
        try:
            found = self._admin.describe_topics(TopicCollection([topic]), request_timeout=_SECONDS)[topic].result()
        except KafkaException as error:
            raise away(error) from error
        return str(found.topic_id)

    def _metadata(self) -> Any:
        topic = self.address.events
        try:
            found = self._admin.list_topics(topic, timeout=_SECONDS).topics[topic]
        except KafkaException as error:
            raise away(error) from error
        if found.error is not None:
            raise away(found.error)
        return found

    def _offsets(self, partitions: list[int], spec: OffsetSpec) -> dict[int, int]:
        if not partitions:
            return {}
        asked = {TopicPartition(self.address.events, number): spec for number in partitions}
        try:
            answers = self._admin.list_offsets(asked, request_timeout=_SECONDS)
            return {one.partition: int(answer.result().offset) for one, answer in answers.items()}
        except KafkaException as error:
            raise away(error) from error


def read_place(position: str) -> Place | None:
    """Return the position, None for what is no position of any topic."""
    topic_id, _, offset = position.rpartition(":")
    if not topic_id or not (offset.isascii() and offset.isdecimal()) or int(offset) >= 2**63:
        return None
    return Place(topic_id, int(offset))


def away(error: object) -> Unavailable:
    """Return the error that says what Kafka said."""
    return Unavailable(f"The event stream does not answer: {error}", code="stream_unavailable")
