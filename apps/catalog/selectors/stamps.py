"""Reading the version of a catalogue."""

from apps.catalog.models import CatalogStamp


def get_stamp(*, site_id: str) -> int:
    """Return the version of the site's catalogue, 0 before anything was written."""
    return CatalogStamp.objects.filter(site_id=site_id).values_list("stamp", flat=True).first() or 0
