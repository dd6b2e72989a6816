"""The catalogue of a site as arrays, read in five statements of one snapshot; and what can be had at one place."""

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

import msgspec
import numpy as np
from django.db import connection, transaction

from apps.catalog import selectors
from apps.catalog.contracts import ItemColumns, ItemType, Offer

_ITEMS = """
    SELECT id, item_id, item_type, brand, published, stock_managed, extract(epoch FROM released_at)::float8,
           category_ids, name, description, image_urls[1], url, attributes
    FROM catalog_item WHERE site_id = %s AND deleted_at IS NULL ORDER BY item_id COLLATE "C"
"""
_VARIANTS = """
    SELECT v.id, v.item_id, v.sku, v.image_urls[1], CASE WHEN v.position = 0 THEN v.attributes END
    FROM catalog_variant v JOIN catalog_item i ON i.id = v.item_id
    WHERE v.site_id = %s AND i.deleted_at IS NULL ORDER BY i.item_id COLLATE "C", v.position, v.id
"""
# Of several valid prices the one that started last holds, then the lowest: later rows overwrite earlier ones.
_PRICES = """
    SELECT variant_id, store_id, amount::float8,
           coalesce(extract(epoch FROM valid_from)::float8, '-infinity'),
           coalesce(extract(epoch FROM valid_until)::float8, 'infinity')
    FROM catalog_price WHERE site_id = %s AND currency = %s ORDER BY valid_from NULLS FIRST, amount DESC
"""
# One row per place, its variants packed as big-endian integers: 600,000 rows of stock would be slow as tuples.
_STOCK = """
    SELECT store_id, string_agg(int8send(variant_id), ''::bytea)
    FROM catalog_stock s WHERE site_id = %(site)s AND on_hand > reserved AND NOT EXISTS (
        SELECT 1 FROM catalog_store c WHERE c.site_id = %(site)s AND c.store_id = s.store_id AND NOT c.is_active)
    GROUP BY store_id
"""
_CATEGORIES = "SELECT category_id FROM catalog_category WHERE site_id = %s ORDER BY position, category_id"
ITEM_TYPES: tuple[str, ...] = get_args(ItemType)
ONLINE = ""


@dataclass(frozen=True, slots=True)
class _Rows:
    stamp: int
    items: list[tuple[Any, ...]]
    variants: list[tuple[Any, ...]]
    prices: list[tuple[Any, ...]]
    stock: list[tuple[Any, ...]]
    categories: list[tuple[Any, ...]]


def load_columns(*, site_id: str, currency: str, locale: str, now: datetime) -> ItemColumns:
    """Read the whole catalogue of the site; `stamp` is that of exactly these contents."""
    rows = _read(site_id, currency)
    moment = now.timestamp()
    keys = np.array([row[0] for row in rows.variants], dtype=np.int64)
    places = _Places(keys)
    counts = _count_variants(rows)
    prices = _Prices(places, moment)
    for variant, store, amount, start, end in rows.prices:
        prices.add(variant, store, amount, start, end)
    in_stock = {store: places.mask(packed) for store, packed in rows.stock}
    nothing = np.zeros(len(keys), dtype=bool)
    categories = _Codes([row[0] for row in rows.categories])
    brands = _Codes([])
    return ItemColumns(
        site_id=site_id,
        stamp=rows.stamp,
        built_at=moment,
        next_change=prices.next_change,
        currency=currency,
        locale=locale,
        item_ids=[row[1] for row in rows.items],
        row_of={row[1]: number for number, row in enumerate(rows.items)},
        item_types=list(ITEM_TYPES),
        item_type=np.array([ITEM_TYPES.index(row[2]) for row in rows.items], dtype=np.int8),
        brand=np.array([brands.of(row[3]) for row in rows.items], dtype=np.int32),
        brands=brands.names,
        published=np.array([row[4] for row in rows.items], dtype=bool),
        stock_managed=np.array([row[5] for row in rows.items], dtype=bool),
        released_at=np.array([row[6] for row in rows.items], dtype=np.float64),
        category_indptr=_indptr([len(row[7]) for row in rows.items]),
        category_indices=np.array([categories.of(name) for row in rows.items for name in row[7]], dtype=np.int32),
        category_ids=categories.names,
        variant_indptr=_indptr(counts),
        skus=[row[2] for row in rows.variants],
        price=prices.by_store.pop(ONLINE),
        in_stock=in_stock.pop(ONLINE, nothing),
        store_price=prices.by_store,
        store_in_stock=in_stock,
        names=_localized([row[8] for row in rows.items]),
        descriptions=_localized([row[9] for row in rows.items]),
        image_urls=_images(rows, counts),
        urls=[row[11] or None for row in rows.items],
        attributes=_attributes(rows, counts),
    )


def offer(*, columns: ItemColumns, store_id: str | None) -> Offer:
    """Return the best variant of each item at a store, or online: the first that has a price and is in stock."""
    size = len(columns.item_ids)
    price, in_stock = columns.price, columns.in_stock
    if store_id is not None:
        special = columns.store_price.get(store_id)
        price = price if special is None else np.where(np.isnan(special), price, special)
        in_stock = columns.store_in_stock.get(store_id, np.zeros(len(columns.skus), dtype=bool))
    owner = np.repeat(np.arange(size), np.diff(columns.variant_indptr))
    good = np.flatnonzero(~np.isnan(price) & (in_stock | ~columns.stock_managed[owner]))
    having, first = np.unique(owner[good], return_index=True)
    variant = np.full(size, -1, dtype=np.int32)
    variant[having] = good[first]
    best = np.full(size, np.nan)
    best[having] = price[good[first]]
    return Offer(variant=variant, price=best, available=columns.published & (variant >= 0))


class _Places:
    """Where the variants stand: database key to position."""

    def __init__(self, keys: np.ndarray) -> None:
        self.size = len(keys)
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]
        self._at = {int(key): number for number, key in enumerate(keys)}

    def find(self, key: int) -> int | None:
        return self._at.get(key)

    def mask(self, packed: bytes) -> np.ndarray:
        """Return a flag per variant: whether its key is among the packed ones."""
        wanted = np.frombuffer(packed, dtype=">i8").astype(np.int64)
        flags = np.zeros(self.size, dtype=bool)
        if self.size:
            found = np.minimum(np.searchsorted(self._sorted, wanted), self.size - 1)
            flags[self._order[found[self._sorted[found] == wanted]]] = True
        return flags


class _Prices:
    """The prices that are valid now, by store, and when that changes next."""

    def __init__(self, places: _Places, now: float) -> None:
        self.next_change = float("inf")
        self.by_store: dict[str, np.ndarray] = {ONLINE: np.full(places.size, np.nan)}
        self._places, self._now = places, now

    def add(self, variant: int, store: str, amount: float, start: float, end: float) -> None:
        """Take one price; the rows come in the order in which they overwrite each other."""
        place = self._places.find(variant)
        if place is None:
            return
        for boundary in (start, end):
            if self._now < boundary < self.next_change:
                self.next_change = boundary
        if start <= self._now < end:
            if store not in self.by_store:
                self.by_store[store] = np.full(self._places.size, np.nan)
            self.by_store[store][place] = amount


class _Codes:
    """Names as small numbers, in the order in which they were first seen."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self._codes = {name: code for code, name in enumerate(names)}

    def of(self, name: str) -> int:
        if name not in self._codes:
            self._codes[name] = len(self.names)
            self.names.append(name)
        return self._codes[name]


def _read(site_id: str, currency: str) -> _Rows:
    # One snapshot for all statements. Inside somebody's transaction (tests) it cannot be asked for any more.
    own = not connection.in_atomic_block
    with transaction.atomic() if own else nullcontext(), connection.cursor() as cursor:
        if own:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        results: list[list[tuple[Any, ...]]] = []
        stamp = selectors.get_stamp(site_id=site_id)
        for statement, arguments in (
            (_ITEMS, [site_id]),
            (_VARIANTS, [site_id]),
            (_PRICES, [site_id, currency]),
            (_STOCK, {"site": site_id}),
            (_CATEGORIES, [site_id]),
        ):
            cursor.execute(statement, arguments)
            results.append(cursor.fetchall())
    return _Rows(stamp, *results)


def _count_variants(rows: _Rows) -> list[int]:
    counts = {row[0]: 0 for row in rows.items}
    for row in rows.variants:
        counts[row[1]] += 1
    return list(counts.values())


def _indptr(counts: list[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)


def _localized(texts: list[str]) -> dict[str, list[str]]:
    """Return the texts by locale; an item that lacks a language has the empty string there."""
    by_locale: dict[str, list[str]] = {}
    decoder = msgspec.json.Decoder(dict[str, str])
    for number, text in enumerate(texts):
        for locale, value in decoder.decode(text).items():
            by_locale.setdefault(locale, [""] * len(texts))[number] = value
    return by_locale


def _images(rows: _Rows, counts: list[int]) -> list[str | None]:
    """Return the picture of each item, or that of its first variant."""
    starts = _indptr(counts)
    return [
        row[10] or (rows.variants[starts[number]][3] if counts[number] else None)
        for number, row in enumerate(rows.items)
    ]


def _attributes(rows: _Rows, counts: list[int]) -> list[dict[str, Any]]:
    """Return the attributes of each item, with those of its first variant (its colour, its size) beneath them."""
    starts = _indptr(counts)
    decoder = msgspec.json.Decoder(dict[str, Any])
    merged = []
    for number, row in enumerate(rows.items):
        first = rows.variants[starts[number]][4] if counts[number] else None
        merged.append((decoder.decode(first) if first else {}) | decoder.decode(row[12]))
    return merged
