"""The log of changes, cut where nobody needs it any more."""

from datetime import datetime, timedelta

from apps.catalog.columns.bases import base_stamp
from apps.catalog.models import CatalogChange, CatalogStamp

COVERED = timedelta(hours=1)  # long enough for a process that stood still
UNCOVERED = timedelta(days=1)  # without a base, processes that start read everything anyway


def trim_changes(*, now: datetime) -> int:
    """Delete what a base covers, and what is older than a day where there is no base; return how many entries."""
    deleted = 0
    for site_id in CatalogStamp.objects.values_list("site_id", flat=True):
        rows, stamp = CatalogChange.objects.filter(site_id=site_id), base_stamp(site_id)
        if stamp is None:
            old = rows.filter(changed_at__lt=now - UNCOVERED)
        else:
            old = rows.filter(changed_at__lt=now - COVERED, stamp__lte=stamp)
        deleted += old.delete()[0]
    return deleted
