"""What operators see: read-only lists that never count the event table."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.tracking import api
from apps.tracking.models import DeadLetter, StreamPosition
from apps.tracking.stream.base import Record
from apps.tracking.stream.postgres import PostgresStream
from specrec.kernel.errors import Unavailable
from tests.apps.tracking.months import OLD, store
from tests.apps.tracking.scene import NOW, drain_all, ingest, make_event, open_site

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator(transactional_db: None) -> Client:
    open_site()
    client = Client()
    client.force_login(User.objects.create_superuser("olga", "", "a-long-password"))
    return client


class TestEvents:
    def test_the_newest_are_listed(self, operator: Client) -> None:
        ingest(make_event(item_id="frame-77"))
        drain_all()
        answer = operator.get("/admin/tracking/browsedevent/")
        assert answer.status_code == 200
        assert b"frame-77" in answer.content

    def test_the_table_is_never_counted_whole(self, operator: Client) -> None:
        with CaptureQueriesContext(connection) as queries:
            operator.get("/admin/tracking/browsedevent/?type=view")
        counts = [one["sql"] for one in queries.captured_queries if "COUNT(*)" in one["sql"]]
        assert counts
        assert all("LIMIT 1000" in sql for sql in counts)

    @pytest.mark.parametrize("path", ["add/", "00000000-0000-0000-0000-000000000000/delete/"])
    def test_nothing_can_be_changed(self, operator: Client, path: str) -> None:
        assert operator.post(f"/admin/tracking/browsedevent/{path}").status_code in {302, 403}


class TestDeadLetters:
    def test_the_reason_is_shown(self, operator: Client) -> None:
        PostgresStream().append([Record("gossip", "k", b"\xff")])
        drain_all()
        assert DeadLetter.objects.count() == 1
        assert b"unknown kind" in operator.get("/admin/tracking/deadletter/").content


class TestPositions:
    def test_the_lag_is_shown(self, operator: Client) -> None:
        ingest(make_event())
        drain_all()
        ingest(make_event(), make_event())
        content = operator.get("/admin/tracking/streamposition/").content
        assert b'<td class="field-lag">2</td>' in content

    def test_each_partition_has_its_row(self, operator: Client) -> None:
        for partition in ("0", "1"):
            StreamPosition.objects.create(group="table", partition=partition, position="", updated_at=NOW)
        content = operator.get("/admin/tracking/streamposition/").content
        assert [content.count(f'<td class="field-partition">{name}</td>'.encode()) for name in "012"] == [1, 1, 0]

    def test_the_lags_are_asked_for_once(self, operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[int] = []

        def lag(_self: PostgresStream) -> dict[str, int]:
            asked.append(1)
            return {"table": 7}

        monkeypatch.setattr(PostgresStream, "lag", lag)
        for partition in ("0", "1"):
            StreamPosition.objects.create(group="table", partition=partition, position="", updated_at=NOW)
        content = operator.get("/admin/tracking/streamposition/").content
        assert (content.count(b'<td class="field-lag">7</td>'), len(asked)) == (2, 1)

    def test_a_stream_that_is_away_is_told(self, operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        def away(_self: PostgresStream) -> dict[str, int]:
            raise Unavailable("The stream is away.", code="stream_unavailable")

        monkeypatch.setattr(PostgresStream, "lag", away)
        assert b"The stream is away." in operator.get("/admin/tracking/streamposition/").content

    def test_rows_in_default_partitions_are_warned_of(self, operator: Client) -> None:
        assert b"default partitions" not in operator.get("/admin/tracking/streamposition/").content
        store(OLD.date())
        assert (
            b"1 events or slates lie in default partitions" in operator.get("/admin/tracking/streamposition/").content
        )


class TestDailyCounts:
    def test_they_are_listed_and_filtered(self, operator: Client) -> None:
        ingest(make_event(item_id="frame-77"))
        drain_all()
        api.count_days()
        told = [
            b"frame-77" in operator.get(f"/admin/tracking/dailycount/?{query}").content
            for query in ("type=view", "type=click", "day__year=2026", "day__year=2025", "q=frame-77", "q=frame-7")
        ]
        assert told == [True, False, True, False, True, False]
