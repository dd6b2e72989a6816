"""The history and the positions of the table, as of one moment."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from apps.tracking import api
from apps.tracking.contracts import History, TrackedEvent
from apps.tracking.models import Event
from apps.tracking.selectors import clocks, history
from apps.tracking.steps import clock as intake_clock
from tests.apps.tracking.scene import HISTORY, NOW, drain_all, ingest, make_event, open_site
from tests.apps.tracking.told import append, tracked

pytestmark = pytest.mark.django_db(transaction=True)
DAY_AGO = NOW - timedelta(days=1)


@pytest.fixture(autouse=True)
def _site(transactional_db: None) -> None:
    open_site()


def put(event: TrackedEvent) -> None:
    append(event)
    drain_all()


def items(found: History) -> list[str | None]:
    return [event.item_id for part in found.batches for event in part]


def elsewhere(run: Callable[[], Any]) -> None:
    """Run on a connection of its own."""

    def inside() -> None:
        try:
            run()
        finally:
            connection.close()

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()


class TestReadHistory:
    def test_events_come_back_as_they_were_streamed(self) -> None:
        ingest(make_event(time="2026-11-22T11:59:00Z", consent=HISTORY, item_id="b"), make_event(item_id="a"))
        turns = iter([False, True])
        (batch,) = api.follow(group="test", find_positions=lambda _: {}, limit=10, wait=0.0, stop=lambda: next(turns))
        drain_all()
        with api.read_history(since=DAY_AGO) as found:
            (part,) = found.batches
        assert part == sorted(batch.events, key=lambda event: (event.time, event.event_id))

    def test_they_are_in_order_of_time_and_then_of_id(self) -> None:
        events = [tracked(time=NOW - timedelta(minutes=number // 2)) for number in range(6)]
        append(*events)
        drain_all()
        with api.read_history(since=DAY_AGO) as found:
            told = [event.event_id for part in found.batches for event in part]
        assert told == [one.event_id for one in sorted(events, key=lambda one: (one.time, one.event_id))]

    def test_what_lies_before_is_left_out(self) -> None:
        append(tracked(time=NOW - timedelta(minutes=10), item_id="old"), tracked(item_id="new"))
        drain_all()
        with api.read_history(since=NOW - timedelta(minutes=5)) as found:
            assert (found.total, items(found)) == (1, ["new"])

    def test_an_event_whose_clock_was_a_day_behind_is_in(self) -> None:
        append(tracked(day=(NOW - clocks.MAX_CORRECTION).date(), time=NOW))
        drain_all()
        with api.read_history(since=NOW) as found:
            assert found.total == 1

    def test_replayed_events_are_left_out(self) -> None:
        append(tracked(item_id="a"), tracked(item_id="b", replay=True))
        drain_all()
        with api.read_history(since=DAY_AGO) as found:
            assert (found.total, items(found)) == (1, ["a"])

    def test_slices_are_bounded_and_the_total_is_told_before(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(history, "_STEP", 2)
        append(*[tracked() for _ in range(5)])
        drain_all()
        with api.read_history(since=DAY_AGO) as found:
            assert (found.total, [len(part) for part in found.batches]) == (5, [2, 2, 1])

    def test_nothing_was_written_yet(self) -> None:
        with api.read_history(since=DAY_AGO) as found:
            assert (found.positions, found.total, list(found.batches)) == ({}, 0, [])

    def test_following_from_its_positions_goes_on_exactly_where_it_ends(self) -> None:
        append(tracked(item_id="before"))
        drain_all()
        append(tracked(item_id="after"))
        with api.read_history(since=DAY_AGO) as found:
            told, positions = items(found), found.positions
        turns = iter([False, True])
        batches = api.follow(
            group="test", find_positions=lambda _: positions, limit=10, wait=0.0, stop=lambda: next(turns)
        )
        later = [event.item_id for batch in batches for event in batch.events]
        assert (told, later) == (["before"], ["after"])

    def test_what_is_written_meanwhile_is_in_neither(self) -> None:
        append(tracked(item_id="before"))
        drain_all()
        with api.read_history(since=DAY_AGO) as found:
            elsewhere(lambda: put(tracked(item_id="meanwhile")))
            positions, told = found.positions, items(found)
        assert (told, Event.objects.count()) == (["before"], 2)
        with api.read_history(since=DAY_AGO) as found:
            assert found.positions != positions

    def test_the_log_is_read_on_while_it_is_open(self) -> None:
        append(tracked())
        drain_all()
        with api.read_history(since=DAY_AGO):
            elsewhere(lambda: put(tracked()))
        assert Event.objects.count() == 2

    def test_within_a_transaction_it_is_refused(self) -> None:
        with pytest.raises(RuntimeError), transaction.atomic(), api.read_history(since=DAY_AGO):
            pass


class TestDaysBetween:
    def test_it_goes_as_far_as_the_intake_corrects_times(self) -> None:
        assert clocks.MAX_CORRECTION == intake_clock.MAX_CORRECTION
