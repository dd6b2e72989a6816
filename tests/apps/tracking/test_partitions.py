"""Monthly partitions: made ahead and on demand."""

from datetime import date
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from apps.tracking import api
from apps.tracking.selectors import strays
from apps.tracking.services import partitions
from tests.apps.tracking.months import OLD, drop_all, home_of, names, store
from tests.apps.tracking.scene import NOW, drain_all, ingest, make_event, open_site

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _site(transactional_db: None) -> Any:
    open_site()
    yield
    drop_all()


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

    def test_creation_within_a_failed_transaction_leaves_nothing(self) -> None:
        with transaction.atomic():
            partitions.create_partition(table="tracking_event", month=date(2013, 5, 1))
            transaction.set_rollback(True)
        assert names() == []


class TestStrays:
    def test_rows_of_months_that_may_have_their_own_partition_are_counted(self) -> None:
        store(OLD.date())
        store(date(1984, 1, 1))
        assert api.count_strayed() == 1

    def test_no_more_than_the_bound_is_looked_at(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(strays, "BOUND", 2)
        for day in (3, 4, 5):
            store(date(2013, 5, day))
        assert api.count_strayed() == 2

    def test_none_are_left_when_partitions_were_made(self, caplog: pytest.LogCaptureFixture) -> None:
        store(OLD.date())
        api.make_partitions(now=NOW)
        assert (api.count_strayed(), "default partition" in caplog.text) == (0, False)

    def test_those_that_cannot_be_moved_are_warned_of(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(partitions, "_CREATE", ("SET LOCAL lock_timeout = '10ms'", *partitions._CREATE))
        store(OLD.date())
        given = connection.get_connection_params() | {"dbname": connection.settings_dict["NAME"]}
        with psycopg.connect(**given) as reader:
            reader.execute("SELECT count(*) FROM tracking_event")
            partitions.make_partitions(now=NOW)
        assert "1 rows or more of tracking_event lie in its default partition" in caplog.text
