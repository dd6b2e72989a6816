"""The catalogue of a site as arrays."""

from datetime import datetime
from typing import Any, get_args

import msgspec
import numpy as np

from apps.catalog.columns.read import Rows, read_rows
from apps.catalog.contracts import ItemColumns, ItemType
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
    for variant, store, amount, start, end in rows.prices:
        prices.add(variant, store, amount, start, end)
    in_stock = {store: places.mask(packed) for store, packed in rows.stock}
    nothing = np.zeros(len(keys), dtype=bool)
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
        price=prices.by_store.pop(ONLINE),
        in_stock=in_stock.pop(ONLINE, nothing),
        store_price=prices.by_store,
        store_in_stock=in_stock,
        names=_localized([row[8] for row in rows.items]),
        descriptions=_localized([row[9] for row in rows.items]),
        image_urls=_images(rows, counts),
        urls=[row[11] or None for row in rows.items],
        attributes=_attributes(rows, counts),
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
