"""Writing to Kafka: acknowledged by all in-sync replicas, in order, each record once however often it was sent."""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from apps.tracking.stream.base import Record
from apps.tracking.stream.kafka_cluster import Address, away
from specrec.kernel.errors import Unavailable

logger = logging.getLogger(__name__)

# Kafka answers, and what it says will be no other the next time.
_FOR_SIZE = "MSG_SIZE_TOO_LARGE"
_REFUSALS = frozenset({
    _FOR_SIZE, "INVALID_RECORD", "POLICY_VIOLATION", "TOPIC_EXCEPTION", "TOPIC_AUTHORIZATION_FAILED",
    "UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION",
})  # fmt: skip
DELIVERY_SECONDS = 10.0
_TRIAL_SECONDS = 2.0
_FLUSH_SECONDS = 5.0
_PUSH = 0.002  # another thread may have been told of our deliveries: look again soon
_OPTIONS = {
    "enable.idempotence": True,
    "acks": "all",
    "linger.ms": 5,  # as long as handing over a thousand records takes: fewer and fuller batches; see _push
    "compression.type": "lz4",
    "partitioner": "murmur2_random",  # as in Kafka's own clients: other producers agree on a shopper's partition
    "message.timeout.ms": int(DELIVERY_SECONDS * 1_000),
    "topic.metadata.propagation.max.ms": 5_000,  # less than that, so that a topic that is not there is named as such
    "queue.buffering.max.kbytes": 65_536,
}

Headers = Sequence[tuple[str, bytes]]


class Refused(Unavailable):
    """Kafka will not take these records, however often they are sent; `for_size`: one of them is too large."""

    def __init__(self, error: KafkaError) -> None:
        super().__init__(f"The event stream refuses records: {error}", code="stream_unavailable")
        self.for_size = error.name() == _FOR_SIZE


class KafkaProducer:
    """The producer of this process. Any thread may write; it waits until its own records are delivered."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._trial = threading.Lock()
        self._is_suspect = False
        self._producer: Producer | None = None

    def write(self, topic: str, records: Sequence[tuple[Record, Headers]]) -> None:
        """Write the records; raises Unavailable. Then some may be written all the same, now or within ten seconds.

        Once records were not delivered in time, one caller at a time tries, for a shorter time, until some are: a
        broker that is away must not hold all threads of a server.
        """
        with self._patience() as seconds:
            producer = self._get()
            delivery = _Delivery(len(records))
            deadline = time.monotonic() + seconds
            try:
                for record, headers in records:
                    _hand_over(producer, topic, record, headers, (delivery, deadline))
                while not delivery.is_over():
                    if time.monotonic() > deadline:
                        raise away("records were not acknowledged in time.")
                    _push(producer)
            except KafkaException as error:
                raise self._failed(producer, error.args[0]) from error
            except Unavailable:
                self._is_suspect = True
                raise
            self._conclude(producer, delivery)

    def close(self) -> None:
        """Wait a moment for what callers gave up waiting for."""
        with self._lock:
            producer, self._producer = self._producer, None
        if producer is not None and (left := producer.flush(_FLUSH_SECONDS)):
            logger.warning("%d records that were answered as not accepted are not written either", left)

    def _conclude(self, producer: Producer, delivery: "_Delivery") -> None:
        error = delivery.first_error()
        if error is None:
            self._is_suspect = False
            return
        raise self._failed(producer, error)

    def _failed(self, producer: Producer, error: KafkaError) -> Unavailable:
        """Return what to raise for the error, and do what it says of the producer."""
        if error.name() in _REFUSALS:
            return Refused(error)
        self._is_suspect = True
        self._give_up_after(producer, error)
        return away(error)

    @contextmanager
    def _patience(self) -> Iterator[float]:
        """Yield how long to wait for the delivery; raises Unavailable while another caller tries a suspect broker."""
        if not self._is_suspect:
            yield DELIVERY_SECONDS + 1.0  # the producer itself gives up earlier, and says why
            return
        if not self._trial.acquire(blocking=False):
            raise away("it did not a moment ago.")
        try:
            yield _TRIAL_SECONDS
        finally:
            self._trial.release()

    def _get(self) -> Producer:
        with self._lock:
            if self._producer is None:
                self._producer = Producer(self._address.options(**_OPTIONS))
            return self._producer

    def _give_up_after(self, producer: Producer, error: KafkaError) -> None:
        """Forget a producer that cannot write any more; the next call makes another one."""
        if not (error.fatal() or error.name() == "_FATAL"):
            return
        logger.error("Kafka's producer cannot go on, making another one: %s", error)
        with self._lock:
            if self._producer is producer:
                self._producer = None


class _Delivery:
    """What became of the records of one call. Several threads may be told at once: only the list is touched."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._told: list[KafkaError | None] = []

    def __call__(self, error: KafkaError | None, _: Message) -> None:
        self._told.append(error)

    def is_over(self) -> bool:
        return len(self._told) >= self._count

    def first_error(self) -> KafkaError | None:
        return next((error for error in self._told if error is not None), None)


def _hand_over(
    producer: Producer, topic: str, record: Record, headers: Headers, waiting: tuple[_Delivery, float]
) -> None:
    """Give the record to the producer, waiting for room until the deadline."""
    delivery, deadline = waiting
    while True:
        try:
            producer.produce(topic, record.payload, record.key, on_delivery=delivery, headers=list(headers))
        except BufferError as error:
            if time.monotonic() > deadline:
                raise away("too many records wait to be written.") from error
            _push(producer)
        else:
            return


def _push(producer: Producer) -> None:
    """Let deliveries be told. `flush` and not `poll`: who waits has handed over all, so that nothing need linger."""
    producer.flush(_PUSH)
