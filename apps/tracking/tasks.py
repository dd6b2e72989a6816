"""Background work of tracking: idempotent; unknown keywords are accepted, so that old and new code share a queue."""

from typing import Any

from celery import shared_task

from apps.tracking import api
from specrec.kernel import clock


@shared_task(name="tracking.trim_log")
def trim_log(**_: Any) -> None:
    """Remove from the log what every consumer is done with."""
    api.trim_log(now=clock.now())


@shared_task(name="tracking.make_partitions")
def make_partitions(**_: Any) -> None:
    """Make the partitions of the coming months and drop those after retention."""
    api.make_partitions(now=clock.now())


@shared_task(name="tracking.count_days")
def count_days(**_: Any) -> None:
    """Count the days of which events came since they were last counted."""
    api.count_days()
