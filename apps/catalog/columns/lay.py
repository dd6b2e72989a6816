"""A few items laid over the columns of all: rows stay, and what does not change is the same array as before."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from apps.catalog.columns import sparse
from apps.catalog.columns.attributes import AttributeColumns
from apps.catalog.columns.categories import Codes, with_those_above
from apps.catalog.columns.ground import Ground
from apps.catalog.columns.places import Placing, place
from apps.catalog.columns.sequences import OpenStores, RowOf, Same, patched, same_or
from apps.catalog.columns.stores import laid_prices, laid_stock
from apps.catalog.contracts import ItemColumns

Changed = dict[str, Any]  # fields of ItemColumns


def lay(held: ItemColumns, part: ItemColumns, gone: Sequence[str]) -> ItemColumns:
    """Return the held columns with the items of `part` as they are there, and without those that are gone.

    Stamp, moment, next change, stores and the tree of categories are those of the part.
    """
    at = place(held, part, held.rows_of(gone))
    changed: Changed = {}
    for step in (_items, _categories, _variants, _stores, _texts):
        changed |= step(held, part, at)
    above = ground_of(part).places
    ground = replace(ground_of(held), own=changed.pop("own"), stock=changed.pop("stock"), places=above)
    rows = dict.fromkeys(gone, -1) | dict(zip(part.item_ids, at.rows.tolist(), strict=True))
    return replace(
        held,
        stamp=part.stamp,
        built_at=part.built_at,
        next_change=part.next_change,
        row_of=_row_of(held, rows),
        fresh_rows=sparse.fixed(np.union1d(held.fresh_rows, at.moved).astype(np.int32)),
        moved_rows=_moved(held, at.moved, above.closed),
        store_stock=OpenStores(ground.stock, above.closed),
        ground=ground,
        **changed,
    )


def _moved(held: ItemColumns, rows: np.ndarray, closed: frozenset[str]) -> np.ndarray:
    """Return the rows that differ: where a store opens or closes, all that has stock there as well."""
    ground = ground_of(held)
    turned = [ground.stock[store] for store in closed ^ ground.places.closed if store in ground.stock]
    if not turned:
        return rows
    owners = np.searchsorted(held.variant_indptr, np.concatenate(turned), side="right") - 1
    return sparse.fixed(np.union1d(rows, owners).astype(np.int32))


def _row_of(held: ItemColumns, rows: dict[str, int]) -> Mapping[str, int]:
    changed = {item_id: row for item_id, row in rows.items() if held.row_of.get(item_id, -1) != row}
    if not changed:
        return held.row_of
    known = held.row_of if isinstance(held.row_of, RowOf) else RowOf(held.row_of, {})
    return known.moved(changed)


def _items(held: ItemColumns, part: ItemColumns, at: Placing) -> Changed:
    codes = Codes(held.brands)
    brand = np.array([codes.of(part.brands[code]) for code in part.brand.tolist()], dtype=np.int32)
    size = at.all_items
    changed: Changed = {
        name: sparse.edited(getattr(held, name), at.rows, getattr(part, name), size)
        for name in ("item_type", "stock_managed", "released_at")
    }
    everywhere = np.concatenate([at.rows, at.dead])
    shown = np.concatenate([part.published, np.zeros(len(at.dead), dtype=np.bool_)])
    return changed | {
        "published": sparse.edited(held.published, everywhere, shown, size),
        "brand": sparse.edited(held.brand, at.rows, brand, size),
        "brands": held.brands if len(codes.names) == len(held.brands) else codes.names,
    }


def _categories(held: ItemColumns, part: ItemColumns, at: Placing) -> Changed:
    below, above = ground_of(held), ground_of(part)
    codes = Codes(held.category_ids)
    own = _translated(below.own, above.own, part.category_ids, at, codes)
    if above.places.parents == below.places.parents:
        given = (part.category_indptr, part.category_indices)
        csr = _translated((held.category_indptr, held.category_indices), given, part.category_ids, at, codes)
    else:
        csr = with_those_above(own, codes, above.places.parents)
    return {
        "category_indptr": csr[0],
        "category_indices": csr[1],
        "category_ids": held.category_ids if len(codes.names) == len(held.category_ids) else codes.names,
        "own": own,
    }


def _translated(held: sparse.Csr, part: sparse.Csr, names: Sequence[str], at: Placing, codes: Codes) -> sparse.Csr:
    """Return the held lists with those of the part, whose codes stand for other names."""
    known = np.array([codes.of(names[code]) for code in part[1].tolist()], dtype=np.int32)
    return sparse.replaced(held, at.rows, (part[0], known))


def _variants(held: ItemColumns, part: ItemColumns, at: Placing) -> Changed:
    found = np.searchsorted(at.touched, at.to)
    changed: Changed = {}
    for name, empty in (("price", np.nan), ("compare_at", np.nan), ("cost", np.nan), ("in_stock", False)):
        values = np.full(len(at.touched), empty, dtype=getattr(held, name).dtype)
        values[found] = getattr(part, name)
        changed[name] = sparse.edited(getattr(held, name), at.touched, values, at.all_variants)
    skus = dict.fromkeys(at.touched.tolist(), "") | dict(zip(at.to.tolist(), part.skus, strict=True))
    changed["skus"] = patched(held.skus, list(skus), list(skus.values()), at.all_variants)
    if at.all_items > at.items:
        ends = at.variants + np.cumsum(at.counts[at.fresh])
        changed["variant_indptr"] = sparse.fixed(np.concatenate([held.variant_indptr, ends]).astype(np.int32))
    return changed


def _stores(held: ItemColumns, part: ItemColumns, at: Placing) -> Changed:
    return {
        "store_price": laid_prices(held.store_price, part.store_price, at),
        "stock": laid_stock(ground_of(held).stock, ground_of(part).stock, at),
        "store_ids": part.store_ids,
    }


def _texts(held: ItemColumns, part: ItemColumns, at: Placing) -> Changed:
    rows, size = at.rows.tolist(), at.all_items
    attributes = patched(held.attributes, rows, part.attributes, size)
    columns = held.attribute_columns
    if attributes is not held.attributes and isinstance(columns, AttributeColumns):
        after = {row: attributes[row] for row in rows}
        before = {row: held.attributes[row] for row in rows if row < at.items}
        columns = columns.with_rows(after, before, size)
    return {
        "item_ids": patched(held.item_ids, rows, part.item_ids, size),
        "image_urls": patched(held.image_urls, rows, part.image_urls, size),
        "urls": patched(held.urls, rows, part.urls, size),
        "names": _localized(held.names, part.names, rows, at),
        "descriptions": _localized(held.descriptions, part.descriptions, rows, at),
        "attributes": attributes,
        "attribute_columns": columns,
    }


def _localized(
    held: Mapping[str, Sequence[str]], part: Mapping[str, Sequence[str]], rows: list[int], at: Placing
) -> Mapping[str, Sequence[str]]:
    nothing, silent = Same("", at.items), Same("", len(rows))
    found = {
        locale: patched(held.get(locale, nothing), rows, part.get(locale, silent), at.all_items)
        for locale in {**held, **part}
    }
    return same_or(found, held)


def ground_of(columns: ItemColumns) -> Ground:
    """Return what the columns stand on; raises TypeError where they were not made here."""
    if not isinstance(columns.ground, Ground):
        message = f"columns of {columns.site_id} without ground cannot be brought up to date"
        raise TypeError(message)
    return columns.ground
