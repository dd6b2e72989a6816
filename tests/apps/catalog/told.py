"""Columns as plain values by item id, so that two of them can be compared whatever their rows."""

from typing import Any

import numpy as np

from apps.catalog import api
from apps.catalog.contracts import ItemColumns

NUMBERS = ("price", "compare_at", "cost", "in_stock")


def told(columns: ItemColumns) -> dict[str, Any]:
    """Return all that the columns say: of the site, of each item, of what can be had."""
    stores = sorted(columns.store_stock)
    return {
        "stamp": columns.stamp,
        "next_change": columns.next_change,
        "stores": sorted(columns.store_ids),
        "stocked": [store for store in stores if columns.in_stock_at(store).any()],
        "items": {item_id: _item(columns, item_id, row) for item_id, row in columns.row_of.items()},
        "attributes": {name: _attribute(columns, name) for name in columns.attribute_columns},
        "offers": {store: _offers(columns, store) for store in (None, "leeds", "york", "bath")},
        "rows_of": {item_id: row for item_id, row in columns.row_of.items() if columns.item_ids[row] != item_id},
    }


def _item(columns: ItemColumns, item_id: str, row: int) -> Any:
    first, end = columns.variant_indptr[row : row + 2].tolist()
    codes = columns.category_indices[columns.category_indptr[row] : columns.category_indptr[row + 1]]
    return {
        "row": columns.rows_of([item_id]).tolist() == [row],
        "plain": (columns.item_types[columns.item_type[row]], columns.brands[columns.brand[row]]),
        "flags": (bool(columns.published[row]), bool(columns.stock_managed[row]), float(columns.released_at[row])),
        "categories": [columns.category_ids[code] for code in codes.tolist()],
        "variants": [_variant(columns, place) for place in range(first, end) if columns.skus[place]],
        "names": {locale: texts[row] for locale, texts in columns.names.items() if texts[row]},
        "descriptions": {locale: texts[row] for locale, texts in columns.descriptions.items() if texts[row]},
        "urls": (columns.image_urls[row], columns.urls[row]),
        "attributes": columns.attributes[row],
    }


def _variant(columns: ItemColumns, place: int) -> Any:
    at_stores = {
        store: (str(columns.prices_at(store)[0][place]), str(columns.prices_at(store)[1][place]))
        for store in ("leeds", "york", "bath")
    }
    stocked = {store for store in columns.store_stock if columns.in_stock_at(store)[place]}
    return columns.skus[place], [str(getattr(columns, name)[place]) for name in NUMBERS], at_stores, stocked


def _attribute(columns: ItemColumns, name: str) -> dict[str, Any]:
    column = columns.attribute_columns[name]
    assert len(column.numbers) == len(column.indptr) - 1 == len(columns.item_ids)
    said = {}
    for item_id, row in columns.row_of.items():
        words = [column.values[code] for code in column.codes[column.indptr[row] : column.indptr[row + 1]].tolist()]
        if words or not np.isnan(column.numbers[row]):
            said[item_id] = (words, str(column.numbers[row]))
    return said


def _offers(columns: ItemColumns, store: str | None) -> dict[str, Any]:
    offer = api.offer(columns=columns, store_id=store)
    shown = {row: item_id for item_id, row in columns.row_of.items()}
    assert not [row for row in np.flatnonzero(offer.available).tolist() if row not in shown]
    return {
        shown[row]: (columns.skus[offer.variant[row]], str(offer.price[row]))
        for row in np.flatnonzero(offer.available).tolist()
    }
