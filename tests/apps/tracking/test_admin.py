"""What operators see: read-only lists that never count the event table."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.tracking.models import DeadLetter
from apps.tracking.stream.base import Record
from apps.tracking.stream.postgres import PostgresStream
from tests.apps.tracking.scene import drain_all, ingest, make_event, open_site

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
