"""What migrations do to rows that were there before them."""

from importlib import import_module

import pytest
from django.db import connection

from apps.tracking import api
from apps.tracking.models import DailyCount, DayChange, DeadLetter
from tests.apps.tracking.scene import NOW, drain_all, open_site
from tests.apps.tracking.told import append, tracked

pytestmark = pytest.mark.django_db(transaction=True)


def run(name: str) -> None:
    for operation in import_module(f"apps.tracking.migrations.{name}").Migration.operations:
        with connection.cursor() as cursor:
            cursor.execute(operation.sql)


class TestDaysBefore:
    def test_events_that_were_written_before_days_were_counted_are_counted(self) -> None:
        open_site()
        append(tracked(), tracked(), tracked(site_id="de"))
        drain_all()
        DayChange.objects.filter(site_id="uk").delete()
        run("0005_days_before")
        assert api.count_days() == 2
        counted = DailyCount.objects.order_by("site_id").values_list("site_id", "day", "events")
        assert list(counted) == [("de", NOW.date(), 1), ("uk", NOW.date(), 2)]

    def test_letters_that_nobody_could_read_are_told_from_those_that_were_refused(self) -> None:
        for reason in ("unreadable: unknown kind 'gossip'", "integer out of range"):
            DeadLetter.objects.create(kind="event", key="k", payload=b"1", reason=reason)
        run("0005_days_before")
        assert list(DeadLetter.objects.order_by("id").values_list("cause", flat=True)) == ["unreadable", "refused"]
