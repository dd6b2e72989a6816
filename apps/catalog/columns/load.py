"""The catalogue of a site as arrays."""

from datetime import datetime
from typing import Any, get_args

import msgspec
import numpy as np

from apps.catalog.columns.attributes import AttributeColumns
from apps.catalog.columns.read import PriceRow, Rows, read_rows
from apps.catalog.contracts import ItemColumns, ItemType, StorePrices
from apps.catalog.selectors.places import ancestry

ITEM_TYPES: tuple[str, ...] = get_args(ItemType)
ONLINE = ""


def load_columns(*, site_id: str, currency: str, locale: str, now: datetime) -> ItemColumns:
    """Read the whole catalogue of the site; `stamp` is that of exactly these contents."""
    rows = read_rows(site_id, currency)
    moment = now.timestamp()
    keys = np.array([row[0] for row in rows.variants], dtype=np.int64)
    places = _Places(keys)
    counts = _count_variants(rows)
    prices = _Prices(places, moment)
    for row in rows.prices:
        prices.add(row)
    stock = {store: places.rows_of(packed) for store, packed in rows.stock}
    in_stock = np.zeros(len(keys), dtype=np.bool_)
    in_stock[stock.pop(ONLINE, [])] = True
    attributes = _attributes(rows, counts)
    general = prices.by_store.pop(ONLINE)
    categories = _Codes([row[0] for row in rows.categories])
    memberships = _with_those_above([row[7] for row in rows.items], dict(rows.categories))
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
        category_indptr=_indptr([len(names) for names in memberships]),
        category_indices=np.array([categories.of(name) for names in memberships for name in names], dtype=np.int32),
        category_ids=categories.names,
        variant_indptr=_indptr(counts),
        skus=[row[2] for row in rows.variants],
        price=general.dense(0),
        compare_at=general.dense(1),
        cost=np.array([row[5] for row in rows.variants], dtype=np.float64),
        in_stock=in_stock,
        store_price={store: found.sparse() for store, found in prices.by_store.items()},
        store_stock=stock,
        names=_localized([row[8] for row in rows.items]),
        descriptions=_localized([row[9] for row in rows.items]),
        image_urls=_images(rows, counts),
        urls=[row[11] or None for row in rows.items],
        attributes=attributes,
        attribute_columns=AttributeColumns(attributes),
        store_ids=frozenset(row[0] for row in rows.stores),
    )


class _Places:
    """Where the variants stand: database key to position."""

    def __init__(self, keys: np.ndarray) -> None:
        self.size = len(keys)
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]
        self._at = {int(key): number for number, key in enumerate(keys)}

    def find(self, key: int) -> int | None:
        return self._at.get(key)

    def rows_of(self, packed: bytes) -> np.ndarray:
        """Return int32, ascending: where the variants stand whose keys are packed."""
        wanted = np.frombuffer(packed, dtype=">i8").astype(np.int64)
        if not self.size:
            return np.empty(0, dtype=np.int32)
        found = np.minimum(np.searchsorted(self._sorted, wanted), self.size - 1)
        return np.sort(self._order[found[self._sorted[found] == wanted]]).astype(np.int32)


class _Prices:
    """The prices that are valid now, by store, and when that changes next."""

    def __init__(self, places: _Places, now: float) -> None:
        self.next_change = float("inf")
        self.by_store: dict[str, _Held] = {ONLINE: _Held(places.size)}
        self._places, self._now = places, now

    def add(self, row: PriceRow) -> None:
        """Take one price; the rows come in the order in which they overwrite each other."""
        variant, store, amount, before, start, end = row
        place = self._places.find(variant)
        if place is None:
            return
        for boundary in (start, end):
            if self._now < boundary < self.next_change:
                self.next_change = boundary
        if start <= self._now < end:
            if store not in self.by_store:
                self.by_store[store] = _Held(self._places.size)
            self.by_store[store].amounts[place] = (amount, np.nan if before is None else before)


class _Held:
    """The prices of one store with what they are compared with, by place of the variant."""

    def __init__(self, size: int) -> None:
        self.amounts: dict[int, tuple[float, float]] = {}
        self._size = size

    def sparse(self) -> StorePrices:
        variants = np.array(sorted(self.amounts), dtype=np.int32)
        pairs = np.array([self.amounts[place] for place in variants.tolist()], dtype=np.float64).reshape(-1, 2)
        return StorePrices(variants, np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1]))

    def dense(self, which: int) -> np.ndarray:
        column = np.full(self._size, np.nan)
        column[list(self.amounts)] = [pair[which] for pair in self.amounts.values()]
        return column


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


def _with_those_above(named: list[list[str]], parents: dict[str, str]) -> list[list[str]]:
    """Return the categories that each item names, and those above them: what is in a part is in the whole."""
    chains = {name: ancestry(name, parents) for name in {name for names in named for name in names}}
    return [list(dict.fromkeys(name for own in names for name in chains[own])) for names in named]


def _count_variants(rows: Rows) -> list[int]:
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


def _images(rows: Rows, counts: list[int]) -> list[str | None]:
    """Return the picture of each item, or that of its first variant."""
    starts = _indptr(counts)
    return [
        row[10] or (rows.variants[starts[number]][3] if counts[number] else None)
        for number, row in enumerate(rows.items)
    ]


def _attributes(rows: Rows, counts: list[int]) -> list[dict[str, Any]]:
    """Return the attributes of each item, with those of its first variant (its colour, its size) beneath them."""
    starts = _indptr(counts)
    decoder = msgspec.json.Decoder(dict[str, Any])
    merged = []
    for number, row in enumerate(rows.items):
        first = rows.variants[starts[number]][4] if counts[number] else None
        merged.append((decoder.decode(first) if first else {}) | decoder.decode(row[12]))
    return merged
