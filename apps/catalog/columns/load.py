"""The catalogue of a site as arrays."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, get_args

import msgspec
import numpy as np

from apps.catalog.columns.attributes import AttributeColumns
from apps.catalog.columns.categories import Codes, with_those_above
from apps.catalog.columns.ground import Ground
from apps.catalog.columns.prices import ONLINE, VariantPlaces, prices_by_store
from apps.catalog.columns.read import Places, Rows, read_next_change, read_places, read_rows, snapshot
from apps.catalog.columns.sequences import OpenStores
from apps.catalog.columns.sparse import Csr, fixed, indptr_of
from apps.catalog.contracts import ItemColumns, ItemType
from apps.catalog.selectors import stamps

ITEM_TYPES: tuple[str, ...] = get_args(ItemType)


@dataclass(frozen=True, slots=True)
class Moment:
    """Of which site and of which moment columns are."""

    site_id: str
    currency: str
    locale: str
    now: float
    stamp: int = 0
    next_change: float = float("inf")
    base_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def fields(self) -> dict[str, Any]:
        """Return it as fields of ItemColumns."""
        plain = {name: getattr(self, name) for name in ("site_id", "currency", "locale", "stamp", "base_id")}
        return plain | {"built_at": self.now, "next_change": self.next_change}


def load_columns(*, site_id: str, currency: str, locale: str, now: datetime) -> ItemColumns:
    """Read the whole catalogue of the site; `stamp` is that of exactly these contents."""
    with snapshot():
        stamp = stamps.get_stamp(site_id=site_id)
        rows, places = read_rows(site_id, currency), read_places(site_id)
        following = read_next_change(site_id, currency, now.timestamp())
    return assemble(Moment(site_id, currency, locale, now.timestamp(), stamp, following), rows, places)


def assemble(moment: Moment, rows: Rows, places: Places) -> ItemColumns:
    """Return these rows as columns."""
    counts = _count_variants(rows)
    starts = indptr_of(np.array(counts, dtype=np.int32))
    keys = VariantPlaces(row[0] for row in rows.variants)
    prices = prices_by_store(rows.prices, keys, moment.now)
    price, compare_at = prices.pop(ONLINE).dense(len(keys))
    stock = {store: keys.find_packed(packed) for store, packed in rows.stock}
    in_stock = np.zeros(len(keys), dtype=np.bool_)
    in_stock[stock.pop(ONLINE, [])] = True
    attributes = _attributes(rows, starts)
    categories, brands = Codes(places.parents), Codes()
    own = _own_categories(rows, categories)
    category_indptr, category_indices = with_those_above(own, categories, places.parents)
    return ItemColumns(
        **moment.fields(),
        item_ids=[row[1] for row in rows.items],
        row_of={row[1]: number for number, row in enumerate(rows.items)},
        item_types=list(ITEM_TYPES),
        item_type=_array((ITEM_TYPES.index(row[2]) for row in rows.items), np.int8),
        brand=_array((brands.of(row[3]) for row in rows.items), np.int32),
        brands=brands.names,
        published=_array((row[4] for row in rows.items), np.bool_),
        stock_managed=_array((row[5] for row in rows.items), np.bool_),
        released_at=_array((row[6] for row in rows.items), np.float64),
        category_indptr=category_indptr,
        category_indices=category_indices,
        category_ids=categories.names,
        variant_indptr=starts,
        skus=[row[2] for row in rows.variants],
        price=price,
        compare_at=compare_at,
        cost=_array((row[5] for row in rows.variants), np.float64),
        in_stock=fixed(in_stock),
        store_price={store: found.sparse() for store, found in prices.items()},
        store_stock=OpenStores(stock, places.closed),
        names=_localized([row[8] for row in rows.items]),
        descriptions=_localized([row[9] for row in rows.items]),
        image_urls=_images(rows, starts),
        urls=[row[11] or None for row in rows.items],
        attributes=attributes,
        attribute_columns=AttributeColumns.of(attributes),
        store_ids=frozenset(places.stores) - places.closed,
        ground=Ground(own=own, stock=stock, places=places, base_items=len(rows.items)),
    )


def _array(values: Any, dtype: Any) -> np.ndarray:
    # A cost that is not known comes as None, which only a whole list of numbers turns into NaN.
    return fixed(np.array(list(values), dtype=dtype))


def _count_variants(rows: Rows) -> list[int]:
    counts = {row[0]: 0 for row in rows.items}
    for row in rows.variants:
        counts[row[1]] += 1
    return list(counts.values())


def _own_categories(rows: Rows, codes: Codes) -> Csr:
    named = [list(dict.fromkeys(row[7])) for row in rows.items]
    indptr = indptr_of(np.array([len(names) for names in named], dtype=np.int32))
    return indptr, _array((codes.of(name) for names in named for name in names), np.int32)


def _localized(texts: Sequence[str]) -> dict[str, Sequence[str]]:
    """Return the texts by locale; an item that lacks a language has the empty string there."""
    by_locale: dict[str, list[str]] = {}
    decoder = msgspec.json.Decoder(dict[str, str])
    for number, text in enumerate(texts):
        for locale, value in decoder.decode(text).items():
            if locale not in by_locale:
                by_locale[locale] = [""] * len(texts)
            by_locale[locale][number] = value
    return dict(by_locale)


def _images(rows: Rows, starts: np.ndarray) -> list[str | None]:
    """Return the picture of each item, or that of its first variant."""
    return [
        row[10] or (rows.variants[starts[number]][3] if starts[number] < starts[number + 1] else None)
        for number, row in enumerate(rows.items)
    ]


def _attributes(rows: Rows, starts: np.ndarray) -> list[dict[str, Any]]:
    """Return the attributes of each item, with those of its first variant (its colour, its size) beneath them."""
    decoder = msgspec.json.Decoder(dict[str, Any])
    merged = []
    for number, row in enumerate(rows.items):
        first = rows.variants[starts[number]][4] if starts[number] < starts[number + 1] else None
        merged.append((decoder.decode(first) if first else {}) | decoder.decode(row[12]))
    return merged
