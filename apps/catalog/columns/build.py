"""A base made of what is stored: read in parts of one snapshot, by one process at a time."""

from collections.abc import Iterable, Iterator

from apps.catalog.columns.bases import current_base, writing_base
from apps.catalog.columns.load import Moment, assemble
from apps.catalog.columns.read import read_next_change, read_places, read_rows, select, snapshot
from apps.catalog.columns.write import BaseWriter
from apps.catalog.contracts import ItemColumns
from apps.catalog.selectors import stamps

PART = 5_000  # items

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('columns of ' || %s, 0))"
_KEYS = """
    SELECT id FROM catalog_item WHERE site_id = %s AND deleted_at IS NULL ORDER BY item_id COLLATE "C"
"""


def build_base(*, site_id: str, currency: str, locale: str, now: float, seen: str | None) -> str:
    """Make the base of the site as it is now and return its id; that of another process where it made one meanwhile.

    seen: the base that was used when somebody found that another is needed
    """
    with snapshot():
        select(_LOCK, [site_id])
        current = current_base(site_id)
        if current is not None and current != seen:
            return current
        stamp = stamps.get_stamp(site_id=site_id)
        moment = Moment(site_id, currency, locale, now, stamp, read_next_change(site_id, currency, now))
        write_base(moment, _parts(moment))
    return moment.base_id


def write_base(moment: Moment, parts: Iterable[ItemColumns]) -> None:
    """Write the parts, in the order of item ids, as the base that is used from now on."""
    with writing_base(moment.site_id, moment.base_id) as folder:
        writer = BaseWriter(folder)
        for part in parts:
            writer.add(part)
        writer.finish()


def _parts(moment: Moment) -> Iterator[ItemColumns]:
    places = read_places(moment.site_id)
    keys = [row[0] for row in select(_KEYS, [moment.site_id])]
    for start in range(0, max(len(keys), 1), PART):
        rows = read_rows(moment.site_id, moment.currency, keys[start : start + PART])
        yield assemble(moment, rows, places)


def count_items(site_id: str) -> int:
    """Return how many items the site has."""
    found = select("SELECT count(*) FROM catalog_item WHERE site_id = %s AND deleted_at IS NULL", [site_id])
    return int(found[0][0])
