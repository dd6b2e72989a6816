"""What can be had at one place: pure arithmetic on columns."""

import numpy as np

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
