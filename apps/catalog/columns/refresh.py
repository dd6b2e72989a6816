"""Columns brought up to date: what changed since their stamp is read again, and nothing else."""

from datetime import datetime

from apps.catalog.columns.changes import Changes, read_changes
from apps.catalog.columns.lay import ground_of, lay
from apps.catalog.columns.load import Moment, assemble, load_columns
from apps.catalog.columns.read import read_next_change, read_places, read_rows, snapshot
from apps.catalog.contracts import ItemColumns
from apps.catalog.selectors import stamps

# Beyond these, reading everything anew is cheaper, and leaves nothing laid over.
MOST_FRESH = 0.25
FEW = 1_000


def open_columns(*, site_id: str, currency: str, locale: str, now: datetime) -> ItemColumns:
    """Return the catalogue as arrays, in whatever way is quickest."""
    return load_columns(site_id=site_id, currency=currency, locale=locale, now=now)


def refresh_columns(columns: ItemColumns, *, currency: str, locale: str, now: datetime) -> ItemColumns:
    """Return the columns as of now; the same ones where nothing moved."""
    moment = max(now.timestamp(), columns.built_at)
    if (columns.currency, columns.locale) == (currency, locale):
        stamp = stamps.get_stamp(site_id=columns.site_id)
        if stamp == columns.stamp and moment < columns.next_change:
            return columns
        with snapshot():
            changed = _changed(columns, moment)
        if changed is not None:
            return changed
    return open_columns(site_id=columns.site_id, currency=currency, locale=locale, now=now)


def _changed(columns: ItemColumns, now: float) -> ItemColumns | None:
    """Return the columns with what changed; None where they are better read anew."""
    most = max(FEW, int(len(columns.item_ids) * MOST_FRESH))
    stamp = stamps.get_stamp(site_id=columns.site_id)
    changes = read_changes(columns, stamp, now, most - len(columns.fresh_rows))
    return None if changes is None else lay(columns, _read(columns, changes, now), changes.gone)


def _read(columns: ItemColumns, changes: Changes, now: float) -> ItemColumns:
    site_id, currency = columns.site_id, columns.currency
    following = read_next_change(site_id, currency, now)
    moment = Moment(site_id, currency, columns.locale, now, changes.stamp, following, columns.base_id)
    places = read_places(site_id) if changes.places else ground_of(columns).places
    return assemble(moment, read_rows(site_id, currency, changes.keys), places)
