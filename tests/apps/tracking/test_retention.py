"""After retention: months are dropped, rows of sites that keep less are deleted, and nothing else goes."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.tracking import api, tasks
from apps.tracking.models import DeadLetter, Event
from apps.tracking.services import partitions, retention
from specrec.kernel import clock
from tests.apps.tracking.months import OLD, drop_all, home_of, names, store
from tests.apps.tracking.scene import NOW, drain_all, ingest, make_event, open_site

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = NOW - timedelta(days=100)


@pytest.fixture(autouse=True)
def _site(transactional_db: None) -> Iterator[None]:
    open_site()
    yield
    drop_all()


@pytest.fixture
def other() -> Iterator[psycopg.Connection[Any]]:
    """Somebody else on the same database, in a transaction."""
    given = connection.get_connection_params() | {"dbname": connection.settings_dict["NAME"]}
    with psycopg.connect(**given) as made:
        yield made
        made.rollback()


class TestTask:
    def test_a_retention_changed_in_the_admin_takes_effect_without_a_restart(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old = NOW - timedelta(days=20)
        store(old.date(), received_at=old)
        monkeypatch.setattr(clock, "now", lambda: NOW)
        tasks.make_partitions()
        assert Event.objects.count() == 1
        client.force_login(User.objects.create_superuser("olga", "", "a-long-password"))
        page = client.get("/admin/profiles/site/uk/change/").context["adminform"].form
        given = {name: page.initial.get(name) or "" for name in page.fields}
        changed = client.post("/admin/profiles/site/uk/change/", given | {"event_retention_days": "10"})
        assert changed.status_code == 302
        tasks.make_partitions()
        assert Event.objects.count() == 0


class TestDropPartitions:
    def test_a_month_after_retention_is_dropped(self) -> None:
        partitions.create_partition(table="tracking_event", month=date(2026, 8, 1))
        store(date(2026, 8, 10), received_at=LONG_AGO)
        api.make_partitions(now=NOW)
        assert "tracking_event_2026_08" not in names()
        assert Event.objects.count() == 0

    def test_dead_letters_go_when_no_site_keeps_what_they_hold(self) -> None:
        old, young = (DeadLetter.objects.create(kind="event", key=key, payload=b"x", reason="r") for key in "ab")
        DeadLetter.objects.filter(pk=old.pk).update(failed_at=NOW - timedelta(days=401))
        DeadLetter.objects.filter(pk=young.pk).update(failed_at=NOW - timedelta(days=20))
        api.make_partitions(now=NOW)
        assert list(DeadLetter.objects.values_list("pk", flat=True)) == [young.pk]

    def test_a_month_within_retention_stays(self) -> None:
        partitions.create_partition(table="tracking_event", month=date(2026, 10, 1))
        store(date(2026, 10, 31), received_at=NOW - timedelta(days=22))
        api.make_partitions(now=NOW)
        assert home_of(date(2026, 10, 31)) == ["tracking_event_2026_10"]

    def test_history_that_was_just_imported_stays(self) -> None:
        ingest(make_event(time=OLD.isoformat(), historical=True))
        drain_all()
        api.make_partitions(now=NOW)
        assert home_of(OLD.date()) == ["tracking_event_2013_05"]

    def test_a_site_that_keeps_less_loses_its_rows_and_others_do_not(self) -> None:
        old = NOW - timedelta(days=40)
        for site_id in ("uk", "de"):
            store(old.date(), site_id=site_id, received_at=old)
        retention.drop_partitions(retention={"uk": 30, "de": 400}, now=NOW)
        assert list(Event.objects.values_list("site_id", flat=True)) == ["de"]

    def test_without_sites_nothing_is_dropped(self) -> None:
        store(OLD.date(), received_at=OLD)
        assert retention.drop_partitions(retention={}, now=NOW) == []
        assert Event.objects.count() == 1

    def test_a_month_into_which_history_is_written_meanwhile_stays(
        self, other: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        partitions.create_partition(table="tracking_event", month=OLD.date().replace(day=1))
        lock = retention._lock

        def write_then_lock(one: Any) -> None:
            other.execute(
                "INSERT INTO tracking_event (site_id, event_id, day, type, time, received_at, quantity, channel,"
                " historical) VALUES ('uk', gen_random_uuid(), %s, 'view', %s, %s, 1, 'web', true)",
                [OLD.date(), OLD, NOW],
            )
            other.commit()
            lock(one)

        monkeypatch.setattr(retention, "_lock", write_then_lock)
        assert retention.drop_partitions(retention={"uk": 30}, now=NOW) == []
        assert home_of(OLD.date()) == ["tracking_event_2013_05"]

    def test_a_month_that_is_being_read_is_left_and_the_others_are_dropped(
        self, other: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(retention, "_LOCK", ("SET LOCAL lock_timeout = '20ms'", *retention._LOCK[1:]))
        for month in (7, 8):
            partitions.create_partition(table="tracking_event", month=date(2026, month, 1))
        other.execute("SELECT count(*) FROM tracking_event_2026_07")
        assert retention.drop_partitions(retention={"uk": 30}, now=NOW) == ["tracking_event_2026_08"]
        assert names() == ["tracking_event_2026_07"]

    def test_old_rows_are_deleted_in_steps(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(retention, "_STEP", 2)
        partitions.create_partition(table="tracking_event", month=date(2026, 8, 1))
        for day in (3, 4, 5, 6, 7):
            store(date(2026, 8, day), received_at=LONG_AGO)
        store(date(2026, 8, 5))
        with CaptureQueriesContext(connection) as queries:
            retention.drop_partitions(retention={"uk": 30, "de": 400}, now=NOW)
        deleting = [one for one in queries if "tracking_event_2026_08" in one["sql"] and "'uk'" in one["sql"]]
        assert len(deleting) == 4  # two rows each, and one that finds no more
        assert [event.received_at for event in Event.objects.all()] == [NOW]
