"""The daily counts: what is in the table, added up, however late it came."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.profiles import api as profiles
from apps.tracking import api, tasks
from apps.tracking.contracts import DailyFigures
from apps.tracking.models import DailyCount, DayChange, Event
from apps.tracking.selectors import clocks, daily
from apps.tracking.services import daily as counting
from specrec.kernel.errors import Invalid, NotFound
from specrec.kernel.paging import to_cursor
from tests.apps.tracking.scene import NOW, drain_all, open_site
from tests.apps.tracking.told import append, tracked

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def _site(transactional_db: None) -> None:
    open_site()


def put(*changes: dict[str, Any]) -> None:
    append(*[tracked(**change) for change in changes])
    drain_all()


def counted(**where: Any) -> list[tuple[Any, ...]]:
    rows = DailyCount.objects.filter(**where).order_by("day", "type", "item_id", "channel")
    return list(rows.values_list("site_id", "day", "type", "item_id", "events"))


class TestCountDays:
    def test_events_are_counted_by_group(self) -> None:
        buy = {"type": "purchase", "quantity": 2, "unit_price": Decimal("10.50"), "currency": "GBP"}
        put({}, {}, {"placement": "home"}, {"channel": "store"}, buy, buy | {"quantity": 1}, {"item_id": None})
        assert api.count_days() == 1
        rows = DailyCount.objects.order_by("type", "item_id", "placement", "channel")
        told = rows.values_list("type", "item_id", "placement", "channel", "currency", "events", "quantity", "revenue")
        assert list(told) == [
            ("purchase", "frame-1", "", "web", "GBP", 2, 3, Decimal("31.5000")),
            ("view", "", "", "web", "", 1, 1, Decimal(0)),
            ("view", "frame-1", "", "store", "", 1, 1, Decimal(0)),
            ("view", "frame-1", "", "web", "", 2, 2, Decimal(0)),
            ("view", "frame-1", "home", "web", "", 1, 1, Decimal(0)),
        ]

    def test_the_day_is_that_of_the_corrected_time(self) -> None:
        put({"time": NOW, "day": (NOW + clocks.MAX_CORRECTION).date()}, {"time": NOW - timedelta(days=1)})
        api.count_days()
        assert [(day, events) for _, day, _, _, events in counted()] == [(TODAY - timedelta(days=1), 1), (TODAY, 1)]

    def test_sites_are_apart(self) -> None:
        put({}, {"site_id": "de"}, {"site_id": "de"})
        assert api.count_days() == 2
        assert sorted((site, events) for site, _, _, _, events in counted()) == [("de", 2), ("uk", 1)]

    def test_only_days_that_changed_are_counted_again(self) -> None:
        put({}, {"time": NOW - timedelta(days=1)})
        assert [api.count_days(), api.count_days()] == [2, 0]
        put({"time": NOW - timedelta(days=1)})
        assert api.count_days() == 1
        assert [events for *_, events in counted()] == [2, 1]

    def test_an_event_that_came_late_is_counted(self) -> None:
        put({"received_at": NOW})
        api.count_days()
        put({"received_at": NOW - timedelta(hours=5), "item_id": "late"})
        api.count_days()
        assert [item for _, _, _, item, _ in counted()] == ["frame-1", "late"]

    def test_the_same_event_again_counts_once(self) -> None:
        one = tracked()
        append(one, one)
        drain_all()
        append(one)
        drain_all()
        api.count_days()
        assert [events for *_, events in counted()] == [1]

    def test_what_is_written_while_a_day_is_added_up_is_counted_the_next_time(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put({})
        add_up = daily.add_up_day

        def add_up_and_write(**given: Any) -> Any:
            rows = add_up(**given)
            put({})
            return rows

        monkeypatch.setattr(daily, "add_up_day", add_up_and_write)
        api.count_days()
        monkeypatch.setattr(daily, "add_up_day", add_up)
        assert [events for *_, events in counted()] == [1]
        assert api.count_days() == 1
        assert [events for *_, events in counted()] == [2]

    def test_an_older_count_does_not_replace_a_newer_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        put({})
        add_up = daily.add_up_day

        def overtaken(**given: Any) -> Any:
            rows = add_up(**given)
            monkeypatch.setattr(daily, "add_up_day", add_up)
            put({})
            api.count_days()
            return rows

        monkeypatch.setattr(daily, "add_up_day", overtaken)
        api.count_days()
        assert [events for *_, events in counted()] == [2]
        assert api.count_days() == 0

    def test_a_crash_between_adding_up_and_writing_leaves_it_to_be_counted(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put({})
        replace = counting._replace

        def crash(*given: Any) -> None:
            replace(*given)
            raise DatabaseError("gone")

        monkeypatch.setattr(counting, "_replace", crash)
        assert (api.count_days(), counted()) == (0, [])
        monkeypatch.setattr(counting, "_replace", replace)
        assert (api.count_days(), len(counted())) == (1, 1)

    def test_a_day_that_fails_holds_up_no_other(self, monkeypatch: pytest.MonkeyPatch) -> None:
        put({"site_id": "de"}, {})
        add_up = daily.add_up_day

        def fail(**given: Any) -> Any:
            if given["site_id"] == "de":
                raise DatabaseError("no")
            return add_up(**given)

        monkeypatch.setattr(daily, "add_up_day", fail)
        assert api.count_days() == 1
        assert [site for site, *_ in counted()] == ["uk"]

    def test_what_retention_has_deleted_stays_counted(self) -> None:
        put({}, {})
        api.count_days()
        Event.objects.all().delete()
        put({"item_id": "late"})
        api.count_days()
        assert [(item, events) for _, _, _, item, events in counted()] == [("frame-1", 2)]

    def test_an_absurd_sum_keeps_no_day_from_being_counted(self) -> None:
        put(*[{"quantity": 2**31 - 1, "unit_price": Decimal(10**7), "currency": "GBP"}] * 1)
        api.count_days()
        assert DailyCount.objects.get().revenue == Decimal(99_999_999_999_999)

    def test_adding_up_is_outside_of_the_transaction_that_writes(self) -> None:
        put({})
        with CaptureQueriesContext(connection) as queries:
            api.count_days()
        told = [one["sql"] for one in queries.captured_queries]
        begin = next(number for number, sql in enumerate(told) if sql == "BEGIN")
        assert [number < begin for number, sql in enumerate(told) if "FROM tracking_event" in sql] == [True]

    def test_the_task_counts(self) -> None:
        put({})
        tasks.count_days()
        assert len(counted()) == 1


class TestRecountDays:
    def test_days_are_counted_whether_they_changed_or_not(self) -> None:
        put({}, {"time": NOW - timedelta(days=2)})
        DayChange.objects.all().delete()
        told: list[int] = []
        since = TODAY - timedelta(days=2)
        assert api.recount_days(site_id="uk", since=since, until=TODAY, progress=told.append) == 3
        assert ([day for _, day, *_ in counted()], told) == ([since, TODAY], [1, 1, 1])

    def test_an_unknown_site_is_told(self) -> None:
        with pytest.raises(NotFound):
            api.recount_days(site_id="nowhere", since=TODAY, until=TODAY, progress=bool)


class TestListDailyCounts:
    @pytest.fixture(autouse=True)
    def _counted(self, _site: None) -> None:
        days = [NOW - timedelta(days=number) for number in range(3)]
        put(*[{"time": day, "type": kind} for day in days for kind in ("view", "click")], {"site_id": "de"})
        api.count_days()

    def pages(self, **changes: Any) -> list[list[DailyFigures]]:
        given: dict[str, Any] = {"site_id": "uk", "since": TODAY - timedelta(days=9), "until": TODAY} | changes
        found = [api.list_daily_counts(**given)]
        while found[-1].next_cursor:
            found.append(api.list_daily_counts(**given, cursor=found[-1].next_cursor))
        return [page.items for page in found]

    def test_they_are_in_order_of_day_and_type(self) -> None:
        (page,) = self.pages()
        days = [TODAY - timedelta(days=number) for number in (2, 1, 0)]
        assert [(one.day, one.type) for one in page] == [(day, kind) for day in days for kind in ("click", "view")]
        assert page[0] == DailyFigures(days[0], "click", "frame-1", None, "web", None, 1, 1, Decimal(0))

    def test_pages_follow_each_other(self) -> None:
        assert [len(page) for page in self.pages(limit=4)] == [4, 2]
        assert [one for page in self.pages(limit=1) for one in page] == self.pages()[0]

    def test_the_last_page_has_no_cursor(self) -> None:
        assert api.list_daily_counts(site_id="uk", since=TODAY, until=TODAY, limit=2).next_cursor is None

    def test_only_the_asked_days_and_types(self) -> None:
        (page,) = self.pages(since=TODAY, types=["view"])
        assert [(one.day, one.type) for one in page] == [(TODAY, "view")]

    def test_no_types_are_none(self) -> None:
        assert self.pages(types=[]) == [[]]

    def test_other_sites_are_left_out(self) -> None:
        assert sum(one.events for one in self.pages()[0]) == 6

    @pytest.mark.parametrize("keys", [[1], ["x", "", "", "", "", ""], ["2026-11-22", "a\0", "", "", "", ""]])
    def test_a_cursor_of_somewhere_else_is_refused(self, keys: list[Any]) -> None:
        with pytest.raises(Invalid):
            api.list_daily_counts(site_id="uk", since=TODAY, until=TODAY, cursor=to_cursor(*keys))


class TestCommand:
    def run(self, *words: str) -> str:
        out = StringIO()
        call_command("count_days", *words, stdout=out)
        return out.getvalue()

    def test_what_changed(self) -> None:
        put({})
        assert self.run() == "1 days counted\n"
        assert self.run() == "0 days counted\n"

    def test_named_days(self) -> None:
        assert self.run("--site", "uk", "--since", "2026-11-01", "--until", "2026-11-03") == "3 days counted\n"

    @pytest.mark.parametrize(
        "words",
        [
            ["--site", "uk"],
            ["--since", "2026-11-01"],
            ["--site", "uk", "--since", "2026-11-02", "--until", "2026-11-01"],
        ],
    )
    def test_half_a_period_is_refused(self, words: list[str]) -> None:
        with pytest.raises(CommandError):
            self.run(*words)


class TestBounds:
    def test_the_last_day_is_in(self) -> None:
        since, until = clocks.bounds(date(2026, 11, 21), date(2026, 11, 22))
        assert (since, until) == (datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))


class TestRest:
    @pytest.fixture
    def get(self, client: Client) -> Callable[..., Any]:
        put({}, {"type": "click"}, {"site_id": "de"})
        api.count_days()
        keys = {
            kind: profiles.create_key(site_id="uk", kind=kind, name="k").secret for kind in ("secret", "publishable")
        }

        def ask(query: str, *, kind: str = "secret") -> Any:
            return client.get(f"/v1/reports/daily?{query}", headers={"Authorization": f"Bearer {keys[kind]}"})

        return ask

    def test_a_page(self, get: Callable[..., Any]) -> None:
        answer = get("since=2026-11-01&until=2026-11-30&limit=1").json()
        assert answer["items"] == [
            {
                "day": "2026-11-22",
                "type": "click",
                "item_id": "frame-1",
                "placement": None,
                "channel": "web",
                "currency": None,
                "events": 1,
                "quantity": 1,
                "revenue": "0.0000",
            }
        ]
        later = get(f"since=2026-11-01&until=2026-11-30&cursor={answer['next_cursor']}").json()
        assert [(one["type"], one["events"]) for one in later["items"]] == [("view", 1)]

    def test_one_type(self, get: Callable[..., Any]) -> None:
        answer = get("since=2026-11-01&until=2026-11-30&type=view").json()
        assert [one["type"] for one in answer["items"]] == ["view"]

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("until=2026-11-30", "since"),
            ("since=2026-11-31&until=2026-11-30", "since"),
            ("since=2026-11-01&until=2026-11-30&type=glance", "type"),
            ("since=2026-11-01&until=2026-11-30&cursor=x", "cursor"),
            ("since=2026-11-01&until=2026-11-30&limit=501", "limit"),
        ],
    )
    def test_what_is_wrong_is_named(self, get: Callable[..., Any], query: str, field: str) -> None:
        answer = get(query)
        assert (answer.status_code, answer.json()["field"]) == (400, field)

    def test_a_publishable_key_may_not(self, get: Callable[..., Any]) -> None:
        assert get("since=2026-11-01&until=2026-11-30", kind="publishable").status_code == 403
