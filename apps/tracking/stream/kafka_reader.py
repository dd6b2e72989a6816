"""Reading from Kafka: one member of a consumer group, cooperative, from the positions that its owner keeps."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from apps.tracking.contracts import PositionLost
from apps.tracking.stream.base import Chunk, FindPositions, Record
from apps.tracking.stream.kafka_cluster import Cluster, Place, away, read_place

logger = logging.getLogger(__name__)

KIND = "kind"
_OPTIONS = {
    "partition.assignment.strategy": "cooperative-sticky",
    "enable.auto.commit": False,
    # We always say where to begin. What is out of range afterwards was trimmed under us, which must not go unnoticed.
    "auto.offset.reset": "error",
    "session.timeout.ms": 6_000,  # so long the partitions of a killed process wait; brokers allow no less by default
    "heartbeat.interval.ms": 1_500,
    "max.poll.interval.ms": 900_000,  # who rebuilds its state between two reads keeps its partitions
    "queued.max.messages.kbytes": 16_384,
    "fetch.error.backoff.ms": 100,
}
# The client mends these by itself.
_PASSING = frozenset({
    "_TRANSPORT", "_ALL_BROKERS_DOWN", "_TIMED_OUT", "_RESOLVE", "_MAX_POLL_EXCEEDED", "_WAIT_COORD", "_WAIT_CACHE",
    "REQUEST_TIMED_OUT", "LEADER_NOT_AVAILABLE", "NOT_LEADER_FOR_PARTITION", "COORDINATOR_NOT_AVAILABLE",
    "COORDINATOR_LOAD_IN_PROGRESS", "NOT_COORDINATOR", "REBALANCE_IN_PROGRESS", "UNKNOWN_MEMBER_ID",
    "ILLEGAL_GENERATION",
})  # fmt: skip


class KafkaReader:
    """One member of a group. It joins at the first read; after an error that it cannot mend it joins anew."""

    def __init__(self, cluster: Cluster, group: str, find_positions: FindPositions) -> None:
        self.group = group
        self._cluster = cluster
        self._find_positions = find_positions
        self._consumer: Consumer | None = None
        self._topic_id = ""
        self._own: set[int] = set()
        self._revoked: set[int] = set()

    def read(self, *, limit: int, wait: float) -> Chunk | None:
        """Return the next records, or None."""
        consumer = self._consumer or self._join()
        try:
            messages = self._take(consumer, limit, wait)
        except BaseException as error:  # also what find_positions raised, which Kafka's client hands through
            self._leave()
            if isinstance(error, KafkaException):
                raise away(error) from error
            raise
        if self._revoked & self._own:
            # Given back to us at once: nobody can tell which messages came before. Begin again where the owner is.
            self._leave()
            return None
        # What came just before its partition went to another reader is that reader's, whether it was given or not.
        kept = [one for one in messages if one.partition() not in self._revoked]
        if not kept:
            return None
        positions = {str(one.partition()): str(Place(self._topic_id, (one.offset() or 0) + 1)) for one in kept}
        return Chunk([read_message(one) for one in kept], positions)

    def close(self) -> None:
        """Leave the group at once, so that the others need not wait for the session to end."""
        self._leave()

    def commit(self, positions: Mapping[str, str]) -> None:
        """Tell the cluster of positions in our partitions, for its own tools: nobody begins there, so it may fail."""
        places = {int(name): read_place(text) for name, text in positions.items() if name.isdecimal()}
        topic = self._cluster.address.events
        offsets = [TopicPartition(topic, n, one.offset) for n, one in places.items() if one and n in self._own]
        if self._consumer is None or not offsets:
            return
        try:
            self._consumer.commit(offsets=offsets, asynchronous=True)
        except (KafkaException, RuntimeError) as error:
            logger.warning("group %s: the cluster was not told of its positions: %s", self.group, error)

    def _join(self) -> Consumer:
        options = self._cluster.address.options(**{"group.id": self._group_id()}, **_OPTIONS)
        self._consumer = consumer = Consumer(options)
        consumer.subscribe([self._cluster.address.events], on_assign=self._assign, on_revoke=self._revoke)
        return consumer

    def _group_id(self) -> str:
        return f"{self._cluster.address.prefix}.{self.group}"

    def _leave(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with suppress(KafkaException):  # it is of no use any more, whatever it says
                consumer.close()
        self._own.clear()

    def _take(self, consumer: Consumer, limit: int, wait: float) -> list[Message]:
        """Return what is there, waiting for the first alone: `consume` would wait for all."""
        first = consumer.poll(wait)
        # What was taken from us while we waited, and perhaps given back, was so before this message came.
        self._revoked.clear()
        if first is None:
            return []
        messages = [first, *(consumer.consume(limit - 1, 0) if limit > 1 else [])]
        for message in messages:
            if (error := message.error()) is not None:
                self._judge(error, message)
        return [message for message in messages if message.error() is None]

    def _judge(self, error: KafkaError, message: Message) -> None:
        if error.name() == "_AUTO_OFFSET_RESET":
            raise PositionLost(f"{self._topic_id}:{message.offset()}")
        if error.fatal() or error.name() not in _PASSING:
            raise KafkaException(error)
        logger.warning("group %s: %s", self.group, error)

    def _assign(self, consumer: Consumer, given: Sequence[TopicPartition]) -> None:
        """Begin in new partitions where the owner says. Called within `poll`, which raises what this raises."""
        numbers = [one.partition for one in given]
        starts = self._starts(numbers) if numbers else {}
        topic = self._cluster.address.events
        consumer.incremental_assign([TopicPartition(topic, number, starts[number]) for number in numbers])
        self._own.update(numbers)
        logger.info("group %s: given partitions %s", self.group, numbers)

    def _starts(self, numbers: Sequence[int]) -> dict[int, int]:
        self._topic_id = self._cluster.topic_id(anew=True)
        kept = self._find_positions([str(number) for number in numbers])
        ends = self._cluster.ends(numbers)  # after the positions, so that a fresh one is never ahead
        starts = dict.fromkeys(numbers, OFFSET_BEGINNING)
        for number in numbers:
            if position := kept.get(str(number)):
                starts[number] = self._cluster.place(position, ends[number]).offset
        return starts

    def _revoke(self, consumer: Consumer, taken: Sequence[TopicPartition]) -> None:
        numbers = {one.partition for one in taken}
        self._revoked |= numbers
        self._own -= numbers
        consumer.incremental_unassign(list(taken))
        logger.info("group %s: partitions %s were taken", self.group, sorted(numbers))


def read_message(message: Message) -> Record:
    """Return the message as a record; whatever anybody wrote into the topic, of an unknown kind at worst."""
    return Record(_text(_find_kind(message), 16), _text(message.key(), 128), message.value() or b"")


def _find_kind(message: Message) -> Any:
    try:
        return dict(message.headers() or ()).get(KIND)
    except ValueError:  # a name that is no text
        return None


def _text(raw: bytes | str | None, limit: int) -> str:
    """Return text that a column of dead letters can hold."""
    text = raw if isinstance(raw, str) else (raw or b"").decode("utf-8", "replace")
    return text.replace("\0", "\ufffd")[:limit]
