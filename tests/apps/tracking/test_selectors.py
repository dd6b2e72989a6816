"""The history as columns."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.tracking import api
from apps.tracking.contracts import EVENT_TYPES
from apps.tracking.selectors import clocks
from specrec.kernel import ids
from tests.apps.tracking.scene import HISTORY, NOW, drain_all, ingest, make_event, open_site
from tests.apps.tracking.told import append, tracked

pytestmark = pytest.mark.django_db(transaction=True)
ADA, BEA = (ids.shopper_id("uk", "anonymous", name) for name in ("ada", "bea"))


@pytest.fixture(autouse=True)
def _site(transactional_db: None) -> None:
    open_site()


def at(minutes: int) -> str:
    return (NOW - timedelta(minutes=minutes)).isoformat()


def load(**changes: Any) -> Any:
    return api.load_interactions(**{"site_id": "uk", "since": None, "until": None, "types": EVENT_TYPES} | changes)


def told(found: Any) -> list[tuple[Any, ...]]:
    shoppers, items = [*found.shopper_ids, None], found.item_ids
    rows = zip(found.shopper, found.session, found.item, found.type, found.time, strict=True)
    return [
        (shoppers[who], int(visit), items[what], EVENT_TYPES[kind], (NOW.timestamp() - when) / 60)
        for who, visit, what, kind, when in rows
    ]


class TestLoadInteractions:
    def test_events_are_columns_in_order_of_time(self) -> None:
        ingest(
            make_event(time=at(5), anonymous_id="bea", session_id="v", item_id="b", consent=HISTORY),
            make_event(time=at(9), session_id="v", item_id="a", consent=HISTORY),
            make_event(time=at(7), session_id="w", item_id="b", type="click"),
            make_event(time=at(6), session_id="v", item_id="c"),
            make_event(time=at(8), anonymous_id="cleo", item_id="a", type="add_to_cart"),
        )
        drain_all()
        found = load()
        assert told(found) == [
            (ADA, 0, "a", "view", 9.0),
            (None, -1, "a", "add_to_cart", 8.0),
            (ADA, 1, "b", "click", 7.0),
            (ADA, 0, "c", "view", 6.0),
            (BEA, 2, "b", "view", 5.0),
        ]
        assert (found.shopper_ids, found.item_ids) == ([ADA, BEA], ["a", "b", "c"])
        assert [column.dtype for column in (found.shopper, found.session, found.item, found.type, found.time)] == [
            np.int32,
            np.int32,
            np.int32,
            np.int8,
            np.float64,
        ]

    def test_nothing_is_empty_columns(self) -> None:
        found = load()
        assert (told(found), found.shopper_ids, found.item_ids, len(found.time)) == ([], [], [], 0)

    def test_the_window_takes_its_beginning_and_not_its_end(self) -> None:
        ingest(*[make_event(time=at(minutes), item_id=f"m{minutes}") for minutes in (1, 2, 3)])
        drain_all()
        found = load(since=NOW - timedelta(minutes=3), until=NOW - timedelta(minutes=1))
        assert found.item_ids == ["m3", "m2"]

    def test_an_event_whose_clock_was_ahead_over_midnight_is_in_the_window_of_its_corrected_time(self) -> None:
        midnight = NOW.replace(hour=23, minute=58)
        ahead = midnight + timedelta(minutes=4)
        ingest(make_event(time=ahead.isoformat()), received_at=midnight)
        drain_all()
        assert len(load(since=midnight, until=midnight + timedelta(minutes=1)).time) == 1

    def test_an_event_whose_clock_was_a_day_behind_is_in_the_window_of_its_corrected_time(self) -> None:
        append(tracked(time=NOW, day=(NOW - clocks.MAX_CORRECTION).date()))
        drain_all()
        assert len(load(since=NOW, until=NOW + timedelta(minutes=1)).time) == 1

    def test_only_the_asked_types(self) -> None:
        ingest(make_event(item_id="a"), make_event(item_id="b", type="click"), make_event(item_id="c", type="dismiss"))
        drain_all()
        assert sorted(load(types=["click", "dismiss"]).item_ids) == ["b", "c"]

    def test_searches_are_left_out(self) -> None:
        ingest(make_event(type="search", query="round", item_id=None))
        drain_all()
        assert len(load().time) == 0

    def test_other_sites_are_left_out(self) -> None:
        ingest(make_event())
        drain_all()
        assert len(load(site_id="de").time) == 0

    @pytest.mark.parametrize("item_id", ["\\N", "a\\b", "\\\\", "\u2028", "Brille-ß", "x" * 128])
    def test_odd_ids_come_back_as_they_were(self, item_id: str) -> None:
        ingest(make_event(item_id=item_id, consent=HISTORY, session_id=item_id))
        drain_all()
        found = load()
        assert (found.item_ids, list(found.session)) == ([item_id], [0])

    def test_it_works_where_statements_are_logged(self) -> None:
        with CaptureQueriesContext(connection):
            assert len(load().time) == 0

    def test_ties_are_in_order_of_the_end_of_the_event_id(self) -> None:
        events = [make_event(time=at(1), item_id=f"i{number}") for number in range(10)]
        ingest(*events)
        drain_all()
        assert load().item_ids == [one["item_id"] for one in sorted(events, key=lambda one: one["id"][-17:])]
