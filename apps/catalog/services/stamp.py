"""One writer at a time per site, and a stamp that moves with every change."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import F

from apps.catalog.models import CatalogStamp


class Change:
    """Set `effective` once something that a reader can see has changed."""

    __slots__ = ("effective",)

    def __init__(self) -> None:
        self.effective = False


@contextmanager
def writing(site_id: str) -> Iterator[Change]:
    """Open a transaction that holds the site's writer lock; the stamp moves at its end if the change was effective.

    The lock is the row of the stamp itself: every effective write must update that row anyway, and taking it first
    means that versions, owners of SKUs and guards by time are compared with what is committed, without deadlocks.
    """
    with transaction.atomic():
        rows = CatalogStamp.objects.select_for_update()
        if rows.filter(site_id=site_id).first() is None:
            CatalogStamp.objects.bulk_create([CatalogStamp(site_id=site_id)], ignore_conflicts=True)
            rows.get(site_id=site_id)
        change = Change()
        yield change
        if change.effective:
            CatalogStamp.objects.filter(site_id=site_id).update(stamp=F("stamp") + 1)
