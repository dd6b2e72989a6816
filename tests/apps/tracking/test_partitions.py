"""Monthly partitions: made ahead and on demand, dropped after retention."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from apps.tracking import api
from apps.tracking.models import Event
from apps.tracking.services import partitions
from tests.apps.tracking.scene import NOW, drain_all, ingest, make_event, open_site

pytestmark = pytest.mark.django_db(transaction=True)
OLD = datetime(2013, 5, 17, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _site(transactional_db: None) -> Any:
    open_site()
    yield
    for table in partitions.TABLES:
        for name in names(table):
            with connection.cursor() as cursor:
                cursor.execute(f'DROP TABLE "{name}"')


def names(table: str = "tracking_event") -> list[str]:
    return [name for name, _ in partitions._months(table)]


def home_of(day: date) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM tracking_event WHERE day = %s", [day])
        return [name for (name,) in cursor.fetchall()]


def store(day: date, *, site_id: str = "uk", received_at: datetime = NOW) -> None:
    time = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    Event.objects.create(
        site_id=site_id,
        event_id=uuid.uuid4(),
        day=day,
        type="view",
        time=time,
        received_at=received_at,
        quantity=1,
        channel="web",
        historical=True,
    )


class TestOnDemand:
    def test_the_month_of_an_event_is_made_before_it_is_written(self) -> None:
        ingest(make_event(time=OLD.isoformat(), historical=True))
        drain_all()
        assert home_of(OLD.date()) == ["tracking_event_2013_05"]

    def test_what_lies_before_2000_stays_in_the_default_partition(self) -> None:
        ingest(make_event(time="1984-01-01T00:00:00Z", historical=True))
        drain_all()
        assert home_of(date(1984, 1, 1)) == ["tracking_event_default"]
        assert names() == []

    def test_a_table_that_is_being_changed_leaves_the_row_to_the_default_partition(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(partitions, "_CREATE", ("SET LOCAL lock_timeout = '10ms'", *partitions._CREATE))
        given = connection.get_connection_params() | {"dbname": connection.settings_dict["NAME"]}
        with psycopg.connect(**given) as reader:
            reader.execute("SELECT count(*) FROM tracking_event")
            partitions.Partitions().ensure(table="tracking_event", days=[OLD.date()], today=NOW.date())
        assert names() == []


class TestCreatePartition:
    def test_rows_move_out_of_the_default_partition(self) -> None:
        store(OLD.date())
        assert home_of(OLD.date()) == ["tracking_event_default"]
        partitions.create_partition(table="tracking_event", month=date(2013, 5, 1))
        assert home_of(OLD.date()) == ["tracking_event_2013_05"]

    def test_a_second_time_changes_nothing(self) -> None:
        for _ in range(2):
            partitions.create_partition(table="tracking_event", month=date(2013, 5, 1))
        assert names() == ["tracking_event_2013_05"]

    def test_december_ends_with_the_year(self) -> None:
        partitions.create_partition(table="tracking_event", month=date(2013, 12, 1))
        store(date(2013, 12, 31))
        store(date(2014, 1, 1))
        assert home_of(date(2013, 12, 31)) == ["tracking_event_2013_12"]
        assert home_of(date(2014, 1, 1)) == ["tracking_event_default"]

    def test_uniqueness_holds_in_a_new_partition(self) -> None:
        partitions.create_partition(table="tracking_event", month=date(2013, 5, 1))
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_indexes WHERE tablename = 'tracking_event_2013_05'")
            assert cursor.fetchone()[0] == 2


class TestMakePartitions:
    def test_this_month_and_the_next_two_are_made(self) -> None:
        api.make_partitions(now=NOW)
        expected = ["2026_11", "2026_12", "2027_01"]
        assert names() == [f"tracking_event_{month}" for month in expected]
        assert names("tracking_exposure") == [f"tracking_exposure_{month}" for month in expected]

    def test_strayed_rows_get_their_partition(self) -> None:
        store(date(2026, 9, 3))
        api.make_partitions(now=NOW)
        assert home_of(date(2026, 9, 3)) == ["tracking_event_2026_09"]

    def test_a_month_after_retention_is_dropped(self) -> None:
        long_ago = NOW - timedelta(days=100)
        partitions.create_partition(table="tracking_event", month=date(2026, 8, 1))
        store(date(2026, 8, 10), received_at=long_ago)
        api.make_partitions(now=NOW)
        assert "tracking_event_2026_08" not in names()
        assert Event.objects.count() == 0

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
        partitions.drop_partitions(retention={"uk": 30, "de": 400}, now=NOW)
        assert list(Event.objects.values_list("site_id", flat=True)) == ["de"]

    def test_without_sites_nothing_is_dropped(self) -> None:
        store(OLD.date(), received_at=OLD)
        assert partitions.drop_partitions(retention={}, now=NOW) == []
        assert Event.objects.count() == 1

    def test_creation_within_a_failed_transaction_leaves_nothing(self) -> None:
        with transaction.atomic():
            partitions.create_partition(table="tracking_event", month=date(2013, 5, 1))
            transaction.set_rollback(True)
        assert names() == []
