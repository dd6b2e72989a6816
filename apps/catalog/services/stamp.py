"""One writer at a time per site, a stamp that moves with every change, and a log of what each stamp changed."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from apps.catalog.models import CatalogStamp

_MOVE = """
    WITH moved AS (UPDATE catalog_catalogstamp SET stamp = stamp + 1 WHERE site_id = %s RETURNING site_id, stamp)
    INSERT INTO catalog_catalogchange (site_id, stamp, item_keys, places, changed_at)
    SELECT site_id, stamp, %s, %s, now() FROM moved
"""


class Change:
    """What a writer notes of what a reader can see: the keys of items, and whether stores or categories changed.

    items: keys of the items that were written, or whose variants, prices or stock were
    places: whether a store or a category was written or removed
    """

    __slots__ = ("items", "places")

    def __init__(self) -> None:
        self.items: set[int] = set()
        self.places = False


@contextmanager
def writing(site_id: str) -> Iterator[Change]:
    """Open a transaction that holds the site's writer lock; at its end the stamp moves if anything was noted.

    The lock is the row of the stamp itself: every effective write must update that row anyway, and taking it first
    means that versions, owners of SKUs and guards by time are compared with what is committed, without deadlocks.
    Every stamp has one entry of the log, written in the same transaction: a gap between stamps is a trimmed log.
    """
    with transaction.atomic():
        rows = CatalogStamp.objects.select_for_update()
        if rows.filter(site_id=site_id).first() is None:
            CatalogStamp.objects.bulk_create([CatalogStamp(site_id=site_id)], ignore_conflicts=True)
            rows.get(site_id=site_id)
        change = Change()
        yield change
        if change.items or change.places:
            with connection.cursor() as cursor:
                cursor.execute(_MOVE, [site_id, sorted(change.items), change.places])
