"""Columns brought up to date: what changed since their stamp is read again, and nothing else.

A small catalogue is read whole into the memory of each process. From `MAPPED_FROM` items on there is a base, which the
processes share; the first that finds none makes it, later ones are made by the workers when much is laid over it.
"""

import logging
import time
from dataclasses import replace
from datetime import datetime

import numpy as np

from apps.catalog.columns.bases import current_base, open_base
from apps.catalog.columns.build import build_base, count_items
from apps.catalog.columns.changes import Changes, read_changes
from apps.catalog.columns.lay import ground_of, lay
from apps.catalog.columns.load import Moment, assemble, load_columns
from apps.catalog.columns.read import read_next_change, read_places, read_rows, snapshot
from apps.catalog.contracts import ItemColumns
from apps.catalog.selectors import stamps
from specrec.kernel import jobs
from specrec.kernel.errors import Unavailable

logger = logging.getLogger(__name__)

MAPPED_FROM = 20_000
MOST_FRESH = 0.25  # of a catalogue in memory: beyond that, reading everything is cheaper and leaves nothing laid over
FEW = 1_000
WORN = 0.05  # of a mapped one: what is laid over it is memory of each process
PART = 5_000  # items read at once
ASK_AGAIN = 60.0  # seconds

_asked: dict[str, float] = {}


def open_columns(*, site_id: str, currency: str, locale: str, now: datetime) -> ItemColumns:
    """Return the catalogue as arrays: mapped where it is large, and read whole where it is not."""
    base = _fitting(site_id, currency, locale, now)
    if base is not None:
        return base
    if count_items(site_id) < MAPPED_FROM:
        return load_columns(site_id=site_id, currency=currency, locale=locale, now=now)
    build_columns(site_id=site_id, currency=currency, locale=locale, now=now)
    made = _fitting(site_id, currency, locale, now)
    return made or load_columns(site_id=site_id, currency=currency, locale=locale, now=now)


def build_columns(*, site_id: str, currency: str, locale: str, now: datetime) -> str:
    """Make another base and return its id."""
    seen = current_base(site_id)
    return build_base(site_id=site_id, currency=currency, locale=locale, now=now.timestamp(), seen=seen)


def refresh_columns(columns: ItemColumns, *, currency: str, locale: str, now: datetime) -> ItemColumns:
    """Return the columns as of now; the same ones where nothing moved."""
    moment = max(now.timestamp(), columns.built_at)
    if (columns.currency, columns.locale) == (currency, locale):
        stamp = stamps.get_stamp(site_id=columns.site_id)
        if stamp == columns.stamp and moment < columns.next_change:
            return columns
        changed = _follow(columns, moment)
        if changed is not None:
            return changed
    return open_columns(site_id=columns.site_id, currency=currency, locale=locale, now=now)


def is_worn(columns: ItemColumns) -> bool:
    """Return whether so much is laid over a mapped base that another one should be made."""
    return bool(ground_of(columns).folder) and len(columns.fresh_rows) > max(FEW, WORN * len(columns.item_ids))


def _follow(columns: ItemColumns, now: float) -> ItemColumns | None:
    """Return the columns with what changed, or those of a newer base; None where they are better read anew."""
    if is_worn(columns):
        if current_base(columns.site_id) != ground_of(columns).folder:
            return None
        _ask_for_base(columns.site_id)
    return _changed(columns, now)


def _fitting(site_id: str, currency: str, locale: str, now: datetime) -> ItemColumns | None:
    base = open_base(site_id)
    if base is None or (base.currency, base.locale) != (currency, locale):
        return None
    return _changed(base, max(now.timestamp(), base.built_at))


def _changed(columns: ItemColumns, now: float) -> ItemColumns | None:
    """Return the columns with what changed; None where the log no longer tells, or too much to lay over them."""
    size = len(columns.item_ids)
    most = size if ground_of(columns).folder else int(size * MOST_FRESH)
    with snapshot():
        stamp = stamps.get_stamp(site_id=columns.site_id)
        changes = read_changes(columns, stamp, now, max(FEW, most) - len(columns.fresh_rows))
        return None if changes is None else _laid(columns, changes, now)


def _laid(columns: ItemColumns, changes: Changes, now: float) -> ItemColumns:
    """Return the columns with the changed items laid over them, some at a time."""
    site_id, currency = columns.site_id, columns.currency
    following = read_next_change(site_id, currency, now)
    moment = Moment(site_id, currency, columns.locale, now, changes.stamp, following, columns.base_id)
    places = read_places(site_id) if changes.places else ground_of(columns).places
    laid, moved, gone = columns, [np.empty(0, dtype=np.int32)], changes.gone
    for start in range(0, max(len(changes.keys), 1), PART):
        part = assemble(moment, read_rows(site_id, currency, changes.keys[start : start + PART]), places)
        laid = lay(laid, part, gone)
        moved.append(laid.moved_rows)
        gone = []
    return replace(laid, moved_rows=np.unique(np.concatenate(moved)))


def _ask_for_base(site_id: str) -> None:
    """Ask the workers for another base, now and then. Failure policy: log it; the columns work, with more laid over."""
    now = time.monotonic()
    if now < _asked.get(site_id, 0.0):
        return
    _asked[site_id] = now + ASK_AGAIN
    try:
        jobs.enqueue("catalog.build_columns", site_id=site_id)
    except Unavailable as error:
        logger.warning("no worker was asked for a base of columns of the site %s: %s", site_id, error.message)
