"""What stores have and ask, with that of a few variants replaced; a store that none of them touches keeps its own."""

from collections.abc import Mapping

import numpy as np

from apps.catalog.columns.places import Placing
from apps.catalog.columns.sequences import same_or
from apps.catalog.columns.sparse import fixed, found_in, outside
from apps.catalog.contracts import StorePrices

_NO_ROWS = np.empty(0, dtype=np.int32)
_NO_PRICES = StorePrices(_NO_ROWS, np.empty(0), np.empty(0))


def laid_stock(held: Mapping[str, np.ndarray], part: Mapping[str, np.ndarray], at: Placing) -> Mapping[str, np.ndarray]:
    """Return the variants in stock by store, with those of the part at their places."""
    laid = dict(held)
    for store in {**held, **part}:
        before = held.get(store, _NO_ROWS)
        added = np.sort(at.to[part.get(store, _NO_ROWS)]).astype(np.int32)
        hits = found_in(before, at.touched)
        if not np.array_equal(before[hits], added):
            kept = np.delete(before, hits)
            laid[store] = fixed(np.insert(kept, np.searchsorted(kept, added), added))
    return same_or(laid, held)


def laid_prices(
    held: Mapping[str, StorePrices], part: Mapping[str, StorePrices], at: Placing
) -> Mapping[str, StorePrices]:
    """Return the prices by store, with those of the part at their places."""
    laid = dict(held)
    for store in {**held, **part}:
        before, added = held.get(store, _NO_PRICES), part.get(store, _NO_PRICES)
        kept = outside(before.variants, at.touched)
        if kept is None and not len(added.variants):
            continue
        which = slice(None) if kept is None else kept
        both = np.concatenate([before.variants[which], at.to[added.variants].astype(np.int32)])
        order = np.argsort(both, kind="stable")
        laid[store] = StorePrices(
            fixed(both[order]),
            fixed(np.concatenate([before.amounts[which], added.amounts])[order]),
            fixed(np.concatenate([before.compare_at[which], added.compare_at])[order]),
        )
    return same_or({store: prices for store, prices in laid.items() if len(prices.variants)}, held)
