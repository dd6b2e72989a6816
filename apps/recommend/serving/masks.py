"""What may be shown to whoever asks: one mask for each kind of question, shared by all that are of it.

A mask costs a walk over the catalogue; it is made once, held by the site's state, and never written to.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from apps.catalog import api as catalog
from apps.catalog.contracts import ItemColumns, Offer
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.contracts.serving import Request
from apps.recommend.ml.tables import read_only


class MaskKey(NamedTuple):
    """What a mask depends on, the catalogue apart. Placements that are set alike share one.

    filters: texts in the filter language, of the placement and of the request
    store_id: where things are had and priced; stock_at: where else they must be in stock
    minute: since 1970, where a filter counts from now; else 0
    """

    item_types: tuple[str, ...]
    category_ids: tuple[str, ...]
    filters: tuple[str, ...]
    store_id: str | None
    stock_at: str | None
    minute: int = 0


def key_of(placement: PlacementInfo, request: Request, now: float) -> MaskKey:
    """Return what the mask for the request depends on; `now`: seconds since 1970. Raises Invalid for a bad filter."""
    filters = tuple(filter(None, (placement.filter, request.filter)))
    minute = 0
    if request.filter:
        catalog.parse_filter(request.filter)  # a bad one is the caller's to mend, and is said before anything is done
    if filters and any(catalog.parse_filter(text).by_time for text in filters):
        minute = int(now // 60)
    return MaskKey(
        item_types=placement.item_types,
        category_ids=placement.category_ids,
        filters=filters,
        store_id=request.store_id,
        stock_at=request.only_in_stock_at,
        minute=minute,
    )


def make_mask(columns: ItemColumns, key: MaskKey, offer_at: Callable[[str | None], Offer], now: float) -> np.ndarray:
    """Return which rows may be shown, bool [n], read-only; raises Invalid for a filter that is none.

    offer_at: gives what is to be had at a store, or online; an offer costs a walk over the catalogue of its own
    """
    mask = offer_at(key.store_id).available
    if key.stock_at is not None:
        mask = mask & offer_at(key.stock_at).available
    if key.item_types:
        wanted = [columns.item_types.index(name) for name in key.item_types if name in columns.item_types]
        mask = mask & np.isin(columns.item_type, wanted)
    if key.category_ids:
        mask = mask & inside(columns, key.category_ids)
    for text in key.filters:
        parsed = catalog.parse_filter(text)
        mask = mask & catalog.filter_mask(
            columns=columns, filter=parsed, store_id=key.store_id, now=now, offer_at=offer_at
        )
    return read_only(mask)


def inside(columns: ItemColumns, category_ids: tuple[str, ...]) -> np.ndarray:
    """Return which rows are in any of the categories, bool [n]."""
    codes = [code for code, name in enumerate(columns.category_ids) if name in category_ids]
    rows = np.repeat(np.arange(len(columns.item_ids)), np.diff(columns.category_indptr))
    found = np.zeros(len(columns.item_ids), dtype=np.bool_)
    found[rows[np.isin(columns.category_indices, codes)]] = True
    return found
