"""The consumers of the table, on the twins whose partitions move between readers: every event once, poison parked."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from apps.tracking import api
from apps.tracking.models import DeadLetter, Event, StreamPosition
from apps.tracking.services import drain, replay
from apps.tracking.stream import records
from apps.tracking.stream.base import TABLE_GROUP, Record
from tests.apps.tracking.scene import NOW, open_site
from tests.apps.tracking.told import tracked
from tests.suites.stream.twins import PATIENCE, Ability, Twin, able

pytestmark = pytest.mark.django_db(transaction=True)
on_rebalancing = pytest.mark.parametrize("twin", able(Ability.REBALANCES), indirect=True)


class Consumer:
    """`drain` in a thread, with a connection of its own."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            api.drain(stop=self._stop.is_set)
        finally:
            connection.close()


@pytest.fixture
def start(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Consumer]]:
    open_site()
    for module in (drain, replay):
        monkeypatch.setattr(module, "get_stream", lambda: twin.stream)
    running: list[Consumer] = []

    def make() -> Consumer:
        running.append(Consumer())
        return running[-1]

    yield make
    for consumer in running:
        consumer.end()


def append(twin: Twin, count: int) -> list[str]:
    """Append events under many keys; return their ids."""
    events = [tracked() for _ in range(count)]
    twin.stream.append([records.from_event(event) for event in events])
    return [str(event.event_id) for event in events]


def stored() -> list[str]:
    return sorted(map(str, Event.objects.values_list("event_id", flat=True)))


def wait_for(is_done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@on_rebalancing
class TestDrain:
    def test_several_write_every_event_once_also_when_one_leaves(
        self, twin: Twin, start: Callable[[], Consumer]
    ) -> None:
        first, _ = start(), start()
        told = append(twin, 200)
        wait_for(lambda: len(stored()) == 200)
        first.end()
        told += append(twin, 200)
        wait_for(lambda: len(stored()) >= 400)
        assert stored() == sorted(told)
        wait_for(lambda: twin.stream.lag()[TABLE_GROUP] == 0)

    def test_one_that_begins_later_goes_on_where_the_last_has_ended(
        self, twin: Twin, start: Callable[[], Consumer]
    ) -> None:
        consumer = start()
        append(twin, 100)
        wait_for(lambda: len(stored()) == 100)
        consumer.end()
        Event.objects.all().delete()  # what is written again would be seen
        told = append(twin, 50)
        start()
        wait_for(lambda: len(stored()) >= 50)
        assert stored() == sorted(told)

    def test_a_lost_position_means_from_the_beginning(self, twin: Twin, start: Callable[[], Consumer]) -> None:
        consumer = start()
        told = append(twin, 100)
        wait_for(lambda: len(stored()) == 100)
        consumer.end()
        Event.objects.all().delete()
        for row in StreamPosition.objects.filter(group=TABLE_GROUP).exclude(position=""):
            StreamPosition.objects.filter(pk=row.pk).update(position=twin.ahead(row.position))
        start()
        wait_for(lambda: len(stored()) >= 100)
        assert stored() == sorted(told)

    def test_poison_is_parked_and_replayed_after_the_fix(
        self, twin: Twin, start: Callable[[], Consumer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        start()
        late, good = tracked(), tracked()
        next_version = Record("event.2", "ada", records.from_event(late).payload)
        twin.stream.append([Record("event", "ada", b"\xc1"), next_version, records.from_event(good)])
        wait_for(lambda: stored() == [str(good.event_id)] and DeadLetter.objects.count() == 2)
        read = records.read
        monkeypatch.setattr(
            records, "read", lambda one: read(Record("event", one.key, one.payload) if one.kind == "event.2" else one)
        )
        result = api.replay_dead_letters(now=NOW)
        assert (result.streamed, result.still_dead) == (1, 1)
        wait_for(lambda: stored() == sorted([str(late.event_id), str(good.event_id)]))
