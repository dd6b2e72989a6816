"""The Kafka twin of the stream: the production one.

Records are keyed by shopper, so that one shopper's events stay in order in one partition. How far a group has come are
rows in Postgres, as with every twin; Kafka's own offsets follow them for Kafka's own tools and are never begun at.
Kafka removes records by the retention of the topic, not by what was acknowledged.
"""

import atexit
import logging
import os
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from weakref import WeakSet

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from apps.tracking.stream import positions as rows
from apps.tracking.stream.base import TABLE_GROUP, FindPositions, Letter, Record
from apps.tracking.stream.kafka_cluster import Address, Cluster, Ends, read_place
from apps.tracking.stream.kafka_producer import KafkaProducer, Refused
from apps.tracking.stream.kafka_reader import KIND, KafkaReader

logger = logging.getLogger(__name__)

REASON = "reason"
# Clients of a parent process. In a child they are of no use, and freeing them there would end it.
_PARENTS: list[object] = []


class KafkaStream:
    """The topic of events and the one of dead letters. Connects when it is first used."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._lock = threading.Lock()
        self._pid = 0
        self._cluster: Cluster | None = None
        self._producer = KafkaProducer(address)
        self._readers: WeakSet[KafkaReader] = WeakSet()

    def append(self, records: Sequence[Record]) -> None:
        """Write the records; all are acknowledged by the in-sync replicas when this returns."""
        if records:
            found = [(record, ((KIND, record.kind.encode()),)) for record in records]
            self._get_producer().write(self.address.events, found)

    def open(self, *, group: str, find_positions: FindPositions) -> KafkaReader:
        """Return a reader of the group, which joins at its first read."""
        rows.register(group=group)
        reader = KafkaReader(self._get_cluster(), group, find_positions)
        self._readers.add(reader)
        return reader

    def acknowledge(self, *, group: str, positions: Mapping[str, str]) -> None:
        """Write the positions of the group; when the transaction has committed, tell the cluster too."""
        rows.save(group=group, positions=positions, gives_way=self._get_cluster().gives_way)
        transaction.on_commit(partial(self._commit, group, dict(positions)), robust=True)

    def find_positions(self, *, group: str) -> dict[str, str]:
        """Return what the group acknowledged last."""
        return rows.find(group=group)

    def lag(self) -> dict[str, int]:
        """Return the number of unacknowledged records by group, from the ends of the partitions."""
        cluster = self._get_cluster()
        known: dict[str, dict[str, str]] = {TABLE_GROUP: {}} | rows.list_all()
        ends = cluster.ends(cluster.partitions())  # after the positions, so that a fresh one is never ahead
        topic_id = cluster.topic_id()
        return {group: _count_left(kept, ends, topic_id) for group, kept in known.items()}

    def trim(self, *, before: datetime) -> int:  # noqa: ARG002 - the port's signature
        """Remove nothing: the topic's retention does."""
        return 0

    def park(self, letters: Sequence[Letter]) -> None:
        """Write the letters to the topic of dead letters, the reason in a header.

        What Kafka will never take is logged and passed over: consumers must not wait for it, and the table has it.
        """
        if not letters:
            return
        found = [(one.record, ((KIND, one.record.kind.encode()), (REASON, one.reason.encode()))) for one in letters]
        try:
            self._get_producer().write(self.address.dead_letters, found)
        except Refused as error:
            if error.for_size and len(letters) > 1:
                for one in letters:
                    self.park([one])
            else:
                logger.error("%d dead letters are in the table alone: %s", len(letters), error)  # noqa: TRY400 - no defect of ours

    def close(self) -> None:
        """Wait a moment for what is still on its way."""
        self._producer.close()

    def _commit(self, group: str, positions: Mapping[str, str]) -> None:
        for reader in list(self._readers):
            if reader.group == group:
                reader.commit(positions)

    def _get_cluster(self) -> Cluster:
        with self._lock:
            self._notice_fork()
            if self._cluster is None:
                self._cluster = Cluster(self.address)
            return self._cluster

    def _get_producer(self) -> KafkaProducer:
        with self._lock:
            self._notice_fork()
            return self._producer

    def _notice_fork(self) -> None:
        """Begin anew in a child of a process that had connected: the client's threads stayed with the parent."""
        if self._pid != os.getpid():
            if self._pid:
                _PARENTS.extend((self._cluster, self._producer))
            self._pid = os.getpid()
            self._cluster = None
            self._producer = KafkaProducer(self.address)


def address_from_settings() -> Address:
    """Return where the settings say that Kafka is; raises ImproperlyConfigured when they do not."""
    if not settings.KAFKA_BROKERS:
        raise ImproperlyConfigured("SPECREC_KAFKA_BROKERS is not set: HOST:PORT of some brokers, separated by commas.")
    return Address(settings.KAFKA_BROKERS, settings.KAFKA_PREFIX, settings.KAFKA_SECURITY)


def make_from_settings() -> KafkaStream:
    """Return the stream that the settings name."""
    stream = KafkaStream(address_from_settings())
    atexit.register(stream.close)
    return stream


def _count_left(kept: Mapping[str, str], ends: Mapping[int, Ends], topic_id: str) -> int:
    left = 0
    for number, (low, high) in ends.items():
        place = read_place(kept.get(str(number), ""))
        is_known = place is not None and place.topic_id == topic_id and low <= place.offset <= high
        left += high - (place.offset if place is not None and is_known else low)
    return left
