"""Which items a reader must read again who stands at an earlier stamp."""

from dataclasses import dataclass

from apps.catalog.columns.read import select
from apps.catalog.contracts import ItemColumns

_CHANGES = """
    SELECT count(*), coalesce(bool_or(places), false),
           ARRAY(SELECT DISTINCT unnest(item_keys) FROM catalog_catalogchange
                 WHERE site_id = %(site)s AND stamp > %(after)s AND stamp <= %(stamp)s LIMIT %(most)s + 1)
    FROM catalog_catalogchange WHERE site_id = %(site)s AND stamp > %(after)s AND stamp <= %(stamp)s
"""
_PASSED = """
    SELECT DISTINCT v.item_id FROM catalog_variant v JOIN (
        SELECT variant_id FROM catalog_price WHERE site_id = %(site)s AND currency = %(currency)s
            AND valid_from > to_timestamp(%(since)s) AND valid_from <= to_timestamp(%(now)s)
        UNION ALL
        SELECT variant_id FROM catalog_price WHERE site_id = %(site)s AND currency = %(currency)s
            AND valid_until > to_timestamp(%(since)s) AND valid_until <= to_timestamp(%(now)s)
    ) p ON p.variant_id = v.id LIMIT %(most)s + 1
"""
_GONE = "SELECT item_id FROM catalog_item WHERE id = ANY(%s::bigint[]) AND deleted_at IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened between two moments of a catalogue.

    keys: of the items to be read again, those whose prices began or ended among them
    gone: ids of those that are deleted
    places: whether stores or categories changed
    """

    stamp: int
    keys: list[int]
    gone: list[str]
    places: bool


def read_changes(columns: ItemColumns, stamp: int, now: float, most: int) -> Changes | None:
    """Return what changed from the columns to the stamp; None where the log no longer says, or more items than `most`.

    Read it in one snapshot with the stamp and the rows.
    """
    given = {"site": columns.site_id, "after": columns.stamp, "stamp": stamp, "most": most}
    count, places, named = select(_CHANGES, given)[0]
    if count != stamp - columns.stamp:
        return None
    keys = set(named)
    if columns.next_change <= now:
        prices = {"site": columns.site_id, "currency": columns.currency, "since": columns.built_at, "now": now}
        keys.update(row[0] for row in select(_PASSED, prices | {"most": most}))
    if len(keys) > most:
        return None
    gone = [row[0] for row in select(_GONE, [sorted(keys)])] if keys else []
    return Changes(stamp, sorted(keys), gone, places)
