"""Columns without the rows that are only kept so that others stay where they are."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from apps.catalog.columns.attributes import AttributeColumns
from apps.catalog.columns.lay import ground_of
from apps.catalog.columns.sequences import Column, OpenStores
from apps.catalog.columns.sparse import fixed, indptr_of, spread, taken
from apps.catalog.contracts import ItemColumns, StorePrices

T = TypeVar("T")
_ITEMS = ("item_type", "brand", "published", "stock_managed", "released_at")
_VARIANTS = ("price", "compare_at", "cost", "in_stock")
_TEXTS = ("item_ids", "image_urls", "urls", "attributes")


class Picked(Column[T]):
    """Some rows of a sequence."""

    def __init__(self, base: Sequence[T], rows: np.ndarray) -> None:
        self._base, self._rows = base, rows

    def __len__(self) -> int:
        return len(self._rows)

    def one(self, row: int) -> T:
        """Return the value of the row that was picked."""
        return self._base[int(self._rows[row])]


def compact(columns: ItemColumns) -> ItemColumns:
    """Return the columns with one row for each item, in the order of ids; themselves where that is so already."""
    is_whole = len(columns.item_ids) == ground_of(columns).base_items
    if is_whole and all(columns.row_of.get(columns.item_ids[row]) == row for row in columns.fresh_rows.tolist()):
        return columns
    found = sorted((item_id.encode(), row) for item_id, row in columns.row_of.items())
    return _picked(columns, np.array([row for _, row in found], dtype=np.int32))


def _picked(columns: ItemColumns, rows: np.ndarray) -> ItemColumns:
    counts = np.diff(columns.variant_indptr)[rows]
    places = spread(columns.variant_indptr[rows], counts)
    new = np.full(len(columns.skus), -1, dtype=np.int32)
    new[places] = np.arange(len(places), dtype=np.int32)
    ground = ground_of(columns)
    stock = {store: _moved(new[held])[0] for store, held in ground.stock.items()}
    ids, attributes = Picked(columns.item_ids, rows), Picked(columns.attributes, rows)
    plain: dict[str, Any] = {name: fixed(getattr(columns, name)[rows]) for name in _ITEMS}
    plain |= {name: fixed(getattr(columns, name)[places]) for name in _VARIANTS}
    plain |= {name: Picked(getattr(columns, name), rows) for name in _TEXTS}
    indptr, indices = taken((columns.category_indptr, columns.category_indices), rows)
    return replace(
        columns,
        base_id=uuid.uuid4().hex,
        row_of={item_id: row for row, item_id in enumerate(ids)},
        category_indptr=indptr,
        category_indices=fixed(indices),
        variant_indptr=indptr_of(counts),
        skus=Picked(columns.skus, places),
        store_price={store: _prices(held, new) for store, held in columns.store_price.items()},
        store_stock=OpenStores(stock, ground.places.closed),
        names={locale: Picked(texts, rows) for locale, texts in columns.names.items()},
        descriptions={locale: Picked(texts, rows) for locale, texts in columns.descriptions.items()},
        attribute_columns=AttributeColumns.of(attributes),
        fresh_rows=fixed(np.empty(0, dtype=np.int32)),
        moved_rows=fixed(np.empty(0, dtype=np.int32)),
        ground=replace(ground, own=taken(ground.own, rows), stock=stock, base_items=len(rows), folder=""),
        **plain,
    )


def _prices(held: StorePrices, new: np.ndarray) -> StorePrices:
    variants, order = _moved(new[held.variants])
    return StorePrices(variants, fixed(held.amounts[order]), fixed(held.compare_at[order]))


def _moved(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that are still there, ascending, and where they stood."""
    order = np.argsort(rows, kind="stable")
    order = order[rows[order] >= 0]
    return fixed(rows[order]), order
