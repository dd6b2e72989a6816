"""The face of catalog: what there is to recommend. Functions on plain data of `contracts`; keyword arguments only.

What may be added here: reading and writing items, offers, stores, categories, and what serving needs of them. What may
not: anything about shoppers, events or ranking.

Writes of many entries take the good ones and report each of the others; nothing of a refused entry is written.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from uuid import UUID

import msgspec
import numpy as np

from apps.catalog.columns import categories as categories_of_columns
from apps.catalog.columns import offer as offering
from apps.catalog.columns import refresh, trim
from apps.catalog.columns.compact import compact
from apps.catalog.contracts import (
    WHOLE,
    CategoryInput,
    Depth,
    EntriesResult,
    ImportStatus,
    Item,
    ItemColumns,
    ItemInput,
    LineError,
    Offer,
    PriceUpdate,
    StockUpdate,
    StoreInput,
    WriteResult,
)
from apps.catalog.filters import checking, mask, parse, read, tree
from apps.catalog.selectors import imports as import_selectors
from apps.catalog.selectors import items as item_selectors
from apps.catalog.selectors import places as place_selectors
from apps.catalog.selectors import stamps
from apps.catalog.services import entries as entry_services
from apps.catalog.services import imports, offers, places
from apps.catalog.services import items as item_services
from apps.profiles import api as profiles
from specrec.kernel import clock
from specrec.kernel.errors import NotFound
from specrec.kernel.paging import Page

Outcome = WriteResult | LineError
Filter = tree.Filter
FilterCheck = checking.FilterCheck


def upsert_items(*, site_id: str, items: Sequence[ItemInput], now: datetime) -> list[Outcome]:
    """Write items whole; one outcome an item, in order. `line` of an error is the 1-based place in `items`."""
    return item_services.upsert_items(site_id=site_id, items=items, now=now)


def upsert_item(*, site_id: str, item: ItemInput, now: datetime) -> WriteResult:
    """Write one item whole; raises Invalid or Conflict with the field."""
    return item_services.upsert_item(site_id=site_id, item=item, now=now)


def get_item(*, site_id: str, item_id: str, published_only: bool = False) -> Item:
    """Return the item; raises NotFound, also for a deleted one and for one of another site."""
    found = get_items(site_id=site_id, item_ids=[item_id], published_only=published_only)
    if not found:
        raise NotFound(f"There is no item {item_id}.", code="item_not_found", field="item_id")
    return found[0]


def get_items(
    *, site_id: str, item_ids: Sequence[str], published_only: bool = False, depth: Depth = WHOLE
) -> list[Item]:
    """Return those of the items that exist, in the order asked for, each once, with what `depth` asks for."""
    return item_selectors.find_items(site_id=site_id, item_ids=item_ids, published_only=published_only, depth=depth)


def list_items(
    *,
    site_id: str,
    cursor: str | None = None,
    limit: int | None = None,
    item_type: str | None = None,
    category_id: str | None = None,
    published: bool | None = None,
    depth: Depth = WHOLE,
) -> Page[Item]:
    """Return a page of items in the order of their ids; raises Invalid for a bad cursor or limit.

    An item is in a category that it names, and in all those above it. `depth` says how much of each item is read.
    """
    return item_selectors.list_items(
        site_id=site_id,
        cursor=cursor,
        limit=limit,
        item_type=item_type,
        category_id=category_id,
        published=published,
        depth=depth,
    )


def delete_item(
    *, site_id: str, item_id: str, now: datetime, source: str | None = None, source_version: int | None = None
) -> WriteResult:
    """Delete the item and free its SKUs; "unchanged" when it was deleted before or `source_version` is older.

    It stays as a tombstone: only a newer version, or one without a version, brings it back. Raises NotFound for an item
    that never was, Conflict when `source` is given and is not that of the item.
    """
    return item_services.delete_item(
        site_id=site_id, item_id=item_id, now=now, source=source, source_version=source_version
    )


def update_stock(*, site_id: str, updates: Sequence[StockUpdate], now: datetime) -> list[Outcome]:
    """Set stock levels by SKU and place; older news than the stored level changes nothing."""
    return offers.update_stock(site_id=site_id, updates=updates, now=now)


def update_prices(*, site_id: str, updates: Sequence[PriceUpdate], now: datetime) -> list[Outcome]:
    """Replace all prices of each SKU; older news than the stored prices changes nothing."""
    return offers.update_prices(site_id=site_id, updates=updates, now=now)


def upsert_stores(*, site_id: str, stores: Sequence[StoreInput], now: datetime) -> list[Outcome]:
    """Write stores; one outcome each, in order."""
    del now  # stores keep no times yet; the signature is that of every write
    return places.upsert_stores(site_id=site_id, stores=stores)


def list_stores(*, site_id: str, cursor: str | None = None, limit: int | None = None) -> Page[StoreInput]:
    """Return a page of stores in the order of their ids."""
    return place_selectors.list_stores(site_id=site_id, cursor=cursor, limit=limit)


def upsert_categories(*, site_id: str, categories: Sequence[CategoryInput], now: datetime) -> list[Outcome]:
    """Write categories; one outcome each, in order. A parent may come later; a cycle is refused."""
    del now  # categories keep no times yet; the signature is that of every write
    return places.upsert_categories(site_id=site_id, categories=categories)


def list_categories(*, site_id: str, cursor: str | None = None, limit: int | None = None) -> Page[CategoryInput]:
    """Return a page of categories in the order of their ids."""
    return place_selectors.list_categories(site_id=site_id, cursor=cursor, limit=limit)


def start_import(*, site_id: str, data: bytes, now: datetime, background: bool = True) -> ImportStatus:
    """Store JSON Lines of items (at most 64 MB) and a job for them; raises TooLarge, NotFound for an unknown site.

    A worker applies it; without `background` whoever started it calls `run_import`.
    """
    profiles.get_site(site_id=site_id)
    return imports.start_import(site_id=site_id, data=data, now=now, background=background)


def run_import(
    *,
    import_id: UUID,
    now_fn: Callable[[], datetime] = clock.now,
    on_progress: Callable[[ImportStatus], None] | None = None,
) -> bool:
    """Apply what is left of an import, from where the last runner came to; False when there is nothing to do here."""
    return imports.run_import(import_id=import_id, now_fn=now_fn, on_progress=on_progress)


def resume_imports(*, now: datetime) -> list[UUID]:
    """Enqueue imports whose runner has died; return their ids."""
    return imports.resume_imports(now=now)


def get_import(*, site_id: str, import_id: UUID) -> ImportStatus:
    """Return how far the import is; raises NotFound."""
    return import_selectors.import_status(import_selectors.get_import(site_id=site_id, import_id=import_id))


def get_import_errors(*, site_id: str, import_id: UUID) -> bytes:
    """Return the refused lines so far as JSON Lines of `LineError`; raises NotFound."""
    return imports.read_errors(job=import_selectors.get_import(site_id=site_id, import_id=import_id))


def write_stock(*, site_id: str, entries: Sequence[msgspec.Raw], now: datetime) -> EntriesResult:
    """Check each entry as a StockUpdate, write the good ones, say what became of each."""
    return entry_services.write_stock(site_id=site_id, entries=entries, now=now)


def write_prices(*, site_id: str, entries: Sequence[msgspec.Raw], now: datetime) -> EntriesResult:
    """Check each entry as a PriceUpdate, write the good ones, say what became of each."""
    return entry_services.write_prices(site_id=site_id, entries=entries, now=now)


def write_stores(*, site_id: str, entries: Sequence[msgspec.Raw], now: datetime) -> EntriesResult:
    """Check each entry as a StoreInput, write the good ones, say what became of each."""
    del now  # see `upsert_stores`
    return entry_services.write_stores(site_id=site_id, entries=entries)


def write_categories(*, site_id: str, entries: Sequence[msgspec.Raw], now: datetime) -> EntriesResult:
    """Check each entry as a CategoryInput, write the good ones, say what became of each."""
    del now  # see `upsert_categories`
    return entry_services.write_categories(site_id=site_id, entries=entries)


def localise(*, texts: dict[str, str], locales: Sequence[str]) -> str:
    """Return the text in the first of the locales that has one, then in its language, then in any; else nothing."""
    return item_selectors.localise(texts=texts, locales=locales)


def get_stamp(*, site_id: str) -> int:
    """Return the version of the site's catalogue: it moves with every change, in the same transaction."""
    return stamps.get_stamp(site_id=site_id)


def load_columns(*, site_id: str, now: datetime) -> ItemColumns:
    """Return the catalogue as arrays, one row an item in the order of ids; raises NotFound for an unknown site."""
    return compact(open_columns(site_id=site_id, now=now))


def open_columns(*, site_id: str, now: datetime) -> ItemColumns:
    """Return the catalogue as arrays, to be held and brought up to date; raises NotFound for an unknown site."""
    site = profiles.get_site(site_id=site_id)
    return refresh.open_columns(site_id=site_id, currency=site.currency, locale=site.locale, now=now)


def build_columns(*, site_id: str, now: datetime) -> str:
    """Make another base of a large site's columns and return its id; raises NotFound for an unknown site.

    Of several who ask at once, one makes it.
    """
    site = profiles.get_site(site_id=site_id)
    return refresh.build_columns(site_id=site_id, currency=site.currency, locale=site.locale, now=now)


def trim_changes(*, now: datetime) -> int:
    """Delete what no process needs any more of the log of changes; return how many entries."""
    return trim.trim_changes(now=now)


def refresh_columns(*, columns: ItemColumns, now: datetime) -> ItemColumns:
    """Return the columns as of now, reading only what changed since; the same object when nothing moved.

    Rows stay where they are as long as `base_id` is the same; another one is another catalogue to whoever keeps rows.
    """
    site = profiles.get_site(site_id=columns.site_id)
    return refresh.refresh_columns(columns, currency=site.currency, locale=site.locale, now=now)


def categories_above(*, columns: ItemColumns, category_id: str) -> list[str]:
    """Return the category and those above it, upwards, as the columns know them; one that is not known alone."""
    return categories_of_columns.above(columns, category_id)


def offer(*, columns: ItemColumns, store_id: str | None) -> Offer:
    """Return the best available variant and price of each item, online or at a store. Pure; worth keeping."""
    return offering.offer(columns=columns, store_id=store_id)


def refresh_offer(*, before: Offer, columns: ItemColumns, store_id: str | None, rows: np.ndarray) -> Offer:
    """Return `offer` of these columns, made from that of earlier ones of the same base that differ in `rows` at most.

    rows: int32, distinct, all that are new among them; for the columns before these they are `columns.moved_rows`
    """
    return offering.refresh_offer(before=before, columns=columns, store_id=store_id, rows=rows)


def parse_filter(text: str, *, field: str = "filter") -> Filter:
    """Return the filter that the text says, remembered by text; an empty one lets everything through.

    Raises Invalid for `field` with code, `position`, `line`, `column`, `caret` and what was `expected` there.
    """
    return parse.parse_filter(text, field=field)


def filter_mask(
    *,
    columns: ItemColumns,
    filter: Filter,  # noqa: A002  # what it is called everywhere else
    store_id: str | None,
    now: float,
    offer_at: Callable[[str | None], Offer] | None = None,
) -> np.ndarray:
    """Return bool [n]: the items that the filter lets through at a store, or online. Read it only, and keep it.

    It holds as long as the columns; `by_place` says whether for this store alone, `by_time` whether for now alone.
    now: seconds since 1970 UTC; offer_at: gives the offer of a store where the caller keeps them already
    """
    told = offer_at or (lambda store: offering.offer(columns=columns, store_id=store))
    return mask.mask_of(filter, read.Scene(columns, store_id, cache(told), now))


def check_filter(*, site_id: str, text: str, store_id: str | None, now: datetime) -> FilterCheck:
    """Return what a filter would let through of the catalogue as it is; raises Invalid, NotFound for the site."""
    asked = parse_filter(text)
    columns = open_columns(site_id=site_id, now=now)
    if store_id is not None and store_id not in columns.store_ids:
        raise NotFound(f"This site has no open store {store_id!r}.", code="unknown_store", field="store_id")
    found = filter_mask(columns=columns, filter=asked, store_id=store_id, now=now.timestamp())
    return checking.report(asked, found, columns)
