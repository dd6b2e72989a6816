"""What can be had at one place: pure arithmetic on columns."""

import numpy as np

from apps.catalog.columns.sparse import found_in, spread
from apps.catalog.contracts import ItemColumns, Offer


def offer(*, columns: ItemColumns, store_id: str | None) -> Offer:
    """Return the best variant of each item at a store, or online: the first that has a price and is in stock."""
    size = len(columns.item_ids)
    (price, _), in_stock = columns.prices_at(store_id), columns.in_stock_at(store_id)
    owner = np.repeat(np.arange(size), np.diff(columns.variant_indptr))
    good = np.flatnonzero(~np.isnan(price) & (in_stock | ~columns.stock_managed[owner]))
    having, first = np.unique(owner[good], return_index=True)
    variant = np.full(size, -1, dtype=np.int32)
    variant[having] = good[first]
    best = np.full(size, np.nan)
    best[having] = price[good[first]]
    return Offer(variant=variant, price=best, available=columns.published & (variant >= 0))


def refresh_offer(*, before: Offer, columns: ItemColumns, store_id: str | None, rows: np.ndarray) -> Offer:
    """Return the offer of these columns, made from that of earlier ones, from which only `rows` may differ."""
    counts = columns.variant_indptr[rows + 1] - columns.variant_indptr[rows]
    places = spread(columns.variant_indptr[rows], counts)
    owner = np.repeat(np.arange(len(rows)), counts)
    price, in_stock = _at(columns, store_id, places)
    good = np.flatnonzero(~np.isnan(price) & (in_stock | ~columns.stock_managed[rows][owner]))
    having, first = np.unique(owner[good], return_index=True)
    variant, best = np.full(len(rows), -1, dtype=np.int32), np.full(len(rows), np.nan)
    variant[having], best[having] = places[good[first]], price[good[first]]
    size = len(columns.item_ids)
    after = Offer(_grown(before.variant, size), _grown(before.price, size), _grown(before.available, size))
    after.variant[rows], after.price[rows] = variant, best
    after.available[rows] = columns.published[rows] & (variant >= 0)
    return after


def _at(columns: ItemColumns, store_id: str | None, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return price and presence of a few variants at a store, in time of the few."""
    price = columns.price[places]
    if store_id is None:
        return price, columns.in_stock[places]
    order = np.argsort(places)
    ascending = places[order]
    special = columns.store_price.get(store_id)
    if special is not None:
        at = found_in(special.variants, ascending)
        price[order[np.searchsorted(ascending, special.variants[at])]] = special.amounts[at]
    in_stock = np.zeros(len(places), dtype=np.bool_)
    held = columns.store_stock.get(store_id)
    if held is not None:
        in_stock[order[np.searchsorted(ascending, held[found_in(held, ascending)])]] = True
    return price, in_stock


def _grown(array: np.ndarray, size: int) -> np.ndarray:
    grown = np.empty(size, dtype=array.dtype)
    grown[: len(array)] = array
    return grown
