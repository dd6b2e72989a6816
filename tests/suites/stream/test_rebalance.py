"""What happens to partitions when readers of a group come, leave and die; none of their records is lost."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from django.db import connection

from apps.tracking.stream.base import Record, Stream
from apps.tracking.stream.kafka import KafkaStream
from specrec.commands import ROOT
from tests.suites.stream.twins import Ability, Twin, able, make_record, opened

pytestmark = pytest.mark.django_db(transaction=True)
on_rebalancing = pytest.mark.parametrize("twin", able(Ability.REBALANCES), indirect=True)


class Worker:
    """A reader in a thread with a connection of its own, which acknowledges what it read."""

    def __init__(self, stream: Stream, seen: "Seen") -> None:
        self.count = 0
        self._stream = stream
        self._seen = seen
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def leave(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        def find_positions(_: object) -> dict[str, str]:
            return self._stream.find_positions(group="readers")

        try:
            reader = self._stream.open(group="readers", find_positions=find_positions)
            while not self._stop.is_set():
                chunk = reader.read(limit=20, wait=0.1)
                if chunk is None:
                    continue
                self._seen.add(chunk.records)
                self.count += len(chunk.records)
                self._stream.acknowledge(group="readers", positions=chunk.positions)
            reader.close()
        finally:
            connection.close()


class Seen:
    """What all workers have read."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self._changed = threading.Condition()

    def add(self, records: list[Record]) -> None:
        with self._changed:
            self.payloads += [one.payload for one in records]
            self._changed.notify_all()

    def wait_for(self, is_enough: Callable[[list[bytes]], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: is_enough(self.payloads), timeout=60)


def send(stream: Stream, numbers: range) -> set[bytes]:
    sent = [make_record(number, f"key {number}") for number in numbers]
    stream.append(sent)
    return {one.payload for one in sent}


@on_rebalancing
class TestLeaving:
    def test_another_reader_goes_on_where_the_one_that_left_was(self, twin: Twin) -> None:
        seen = Seen()
        first = send(twin.stream, range(50))
        one = Worker(twin.stream, seen)
        seen.wait_for(first.issubset)
        other = Worker(twin.stream, seen)
        second = send(twin.stream, range(50, 100))
        seen.wait_for((first | second).issubset)
        one.leave()
        third = send(twin.stream, range(100, 150))
        seen.wait_for((first | second | third).issubset)
        other.leave()
        assert set(seen.payloads) == first | second | third
        assert other.count >= 50

    def test_what_a_reader_acknowledged_before_it_left_does_not_come_again(self, twin: Twin) -> None:
        seen = Seen()
        sent = send(twin.stream, range(100))
        one = Worker(twin.stream, seen)
        seen.wait_for(sent.issubset)
        one.leave()
        other = Worker(twin.stream, seen)
        later = send(twin.stream, range(100, 120))
        seen.wait_for((sent | later).issubset)
        other.leave()
        assert len(seen.payloads) == 120


@on_rebalancing
class TestDying:
    def test_another_reader_takes_over_from_a_process_that_was_killed(self, twin: Twin) -> None:
        sent = send(twin.stream, range(20))
        with child(twin) as process:
            assert process.stdout is not None
            assert {process.stdout.readline().strip() for _ in sent} == sent
            with opened(twin.stream) as tap:
                assert tap.read(wait=0.0) == []
                process.kill()
                process.wait()
                later = send(twin.stream, range(20, 30))
                found = {one.payload for one in tap.take(lambda _: True, 30)}
        assert found == sent | later


@contextmanager
def child(twin: Twin) -> Iterator[subprocess.Popen[bytes]]:
    """A reader in another process that uses this test's database."""
    given = {name: quote(str(connection.settings_dict[name]), safe="") for name in ("USER", "PASSWORD", "HOST", "NAME")}
    port = connection.settings_dict["PORT"] or 5432
    url = f"postgresql://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{port}/{given['NAME']}"
    environment = os.environ | {"DATABASE_URL": url}
    where = [twin.stream.address.brokers, twin.stream.address.prefix] if isinstance(twin.stream, KafkaStream) else []
    command = [sys.executable, "-m", "tests.suites.stream.child", twin.name, "readers", *where]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("twin", able(Ability.SHARES), indirect=True)
class TestSharing:
    def test_two_readers_work_at_the_same_time(self, twin: Twin) -> None:
        seen = Seen()
        workers = [Worker(twin.stream, seen) for _ in range(2)]
        sent: set[bytes] = set()
        for turn in range(200):
            sent |= send(twin.stream, range(turn * 40, turn * 40 + 40))
            seen.wait_for(sent.issubset)
            if all(worker.count for worker in workers):
                break
        for worker in workers:
            worker.leave()
        assert all(worker.count > 0 for worker in workers)
        assert set(seen.payloads) == sent
