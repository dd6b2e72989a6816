"""What the catalogue says of items: brand, categories, shape, colour, and their place in the price range."""

from collections.abc import Mapping
from functools import cached_property
from typing import Literal

import numpy as np

from apps.catalog.contracts import ItemColumns
from apps.recommend import conf

Dimension = Literal["category", "brand", "shape", "colour", "price"]


class ItemFacts:
    """The items of one state of a catalogue; without columns nothing is known of any."""

    def __init__(self, columns: ItemColumns | None = None) -> None:
        self._columns = columns
        self._row_of: Mapping[str, int] = {} if columns is None else columns.row_of
        self._known: dict[tuple[Dimension, str], tuple[str, ...]] = {}  # what was asked before, of items that there are

    def is_health(self, item_id: str) -> bool:
        """Return whether an interest in the item says something of health. What is not known is taken to."""
        row = self._row_of.get(item_id)
        return row is None or self._columns is None or bool(self._health[row])

    def keys(self, dimension: Dimension, item_id: str) -> tuple[str, ...]:
        """Return what the item is in this dimension: its categories, its brand, its price band; empty if unknown."""
        found = self._known.get((dimension, item_id))
        if found is None:
            row = self._row_of.get(item_id)
            if row is None or self._columns is None:
                return ()
            found = self._known[(dimension, item_id)] = self._find(self._columns, dimension, row)
        return found

    def _find(self, columns: ItemColumns, dimension: Dimension, row: int) -> tuple[str, ...]:
        if dimension == "category":
            codes = columns.category_indices[columns.category_indptr[row] : columns.category_indptr[row + 1]]
            return tuple(columns.category_ids[code] for code in codes.tolist())
        if dimension == "brand":
            brand = columns.brands[columns.brand[row]]
            return (brand,) if brand else ()
        if dimension == "price":
            rank = float(self._price_ranks[row])
            return () if np.isnan(rank) else (band_of(rank),)
        return _attribute(columns.attributes[row], conf.ATTRIBUTES[dimension])

    def price_rank(self, item_id: str) -> float | None:
        """Return where its price stands among its like: 0 the lowest, 1 the highest, ties in the middle."""
        row = self._row_of.get(item_id)
        if row is None:
            return None
        rank = float(self._price_ranks[row])
        return None if np.isnan(rank) else rank

    @cached_property
    def _health(self) -> np.ndarray:
        columns = self._columns
        if columns is None:
            return np.empty(0, dtype=np.bool_)
        kinds = [name in conf.HEALTH_ITEM_TYPES for name in columns.item_types]
        return np.asarray(np.array(kinds, dtype=np.bool_)[columns.item_type])

    @cached_property
    def _price_ranks(self) -> np.ndarray:
        return np.empty(0) if self._columns is None else price_ranks(self._columns)


def band_of(rank: float) -> str:
    """Return the price band of a rank: "1" (the cheapest fifth) to "5"."""
    return str(min(int(rank * conf.PRICE_BANDS), conf.PRICE_BANDS - 1) + 1)


def price_ranks(columns: ItemColumns) -> np.ndarray:
    """Return for each item where its price stands in its narrowest category of enough priced items; NaN without price.

    Where no category has enough, all items of its type are compared.
    """
    prices = lowest_prices(columns)
    ranks = np.full(len(prices), np.nan)
    size = np.full(len(prices), np.inf)
    priced = ~np.isnan(prices)
    for kind in range(len(columns.item_types)):
        rows = np.flatnonzero(priced & (columns.item_type == kind))
        ranks[rows] = _ranks(prices[rows])
    owners = np.repeat(np.arange(len(prices)), np.diff(columns.category_indptr))
    kept = priced[owners]
    owners, codes = owners[kept], columns.category_indices[kept]
    order = np.argsort(codes, kind="stable")
    cuts = np.flatnonzero(np.diff(codes[order])) + 1
    for rows in np.split(owners[order], cuts):
        if len(rows) < conf.PRICES_NEEDED:
            continue
        narrower = len(rows) < size[rows]
        chosen = rows[narrower]
        ranks[chosen] = _ranks(prices[rows])[narrower]
        size[chosen] = len(rows)
    return ranks


def lowest_prices(columns: ItemColumns) -> np.ndarray:
    """Return for each item the lowest price of its variants, NaN where none has one."""
    prices = np.full(len(columns.item_ids), np.inf)
    owners = np.repeat(np.arange(len(prices)), np.diff(columns.variant_indptr))
    known = ~np.isnan(columns.price)
    np.minimum.at(prices, owners[known], columns.price[known])
    prices[np.isinf(prices)] = np.nan
    return prices


def _ranks(prices: np.ndarray) -> np.ndarray:
    ordered = np.sort(prices)
    below = np.searchsorted(ordered, prices, side="left")
    not_above = np.searchsorted(ordered, prices, side="right")
    return np.asarray((below + not_above) / (2.0 * max(len(prices), 1)))


def _attribute(attributes: dict[str, object], names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        value = attributes.get(name)
        if isinstance(value, str) and value:
            return (value.lower(),)
    return ()
