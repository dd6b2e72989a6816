"""Rows in months, and where they lie."""

import uuid
from datetime import UTC, date, datetime

from django.db import connection

from apps.tracking.models import Event
from apps.tracking.services import partitions
from tests.apps.tracking.scene import NOW

OLD = datetime(2013, 5, 17, 8, 0, tzinfo=UTC)


def names(table: str = "tracking_event") -> list[str]:
    return [name for name, _ in partitions.months(table)]


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


def drop_all() -> None:
    for table in partitions.TABLES:
        for name in names(table):
            with connection.cursor() as cursor:
                cursor.execute(f'DROP TABLE "{name}"')
