"""Complements from baskets: what goes with an item because it is bought with it, not instead of it.

The measure is lift (Brin et al., 1997), drawn towards 1 where little was seen.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from apps.recommend.ml.neighbours import Neighbours, keep_top


@dataclass(frozen=True, slots=True)
class ComplementParams:
    """shrinkage: pairs of baskets added to what was seen and to what was expected
    min_together: fewer common baskets than this say nothing
    popularity: from 0, lift alone, to 1, lift times the share of the item's baskets that hold the other one too
    max_basket: greater baskets say nothing of what goes together, and are left out; bounds the work
    alike_from: a likeness by content from which two items are substitutes
    switch_ratio: substitutes are changed for one another from basket to basket more than this often as they lie in
        one, both beside what chance would give; seen_ratio: the same for being looked at in one session
    """

    shrinkage: float = 5.0
    min_together: int = 3
    popularity: float = 0.5
    max_basket: int = 200
    alike_from: float = 0.7
    switch_ratio: float = 1.0
    seen_ratio: float = 4.0
    top_k: int = 50


@dataclass(frozen=True, slots=True)
class Baskets:
    """What was bought together. items: float64 [baskets, n_items], 1 where the basket holds the item

    shopper: int32 [baskets], non-decreasing; baskets of one shopper lie together, oldest first
    """

    items: sparse.csr_array
    shopper: NDArray[np.int32]


def to_baskets(basket: NDArray[np.int32], item: NDArray[np.int32], shopper: NDArray[np.int32], n_items: int) -> Baskets:
    """Return the baskets of purchases; `basket` is non-decreasing, `shopper` is whose purchase it is."""
    _, first, number = np.unique(basket, return_index=True, return_inverse=True)
    items = sparse.coo_array((np.ones(len(item)), (number, item)), shape=(len(first), n_items)).tocsr()
    items.sum_duplicates()
    items.data[:] = 1.0
    return Baskets(items=sparse.csr_array(items), shopper=shopper[first])


def fit_complements(
    baskets: Baskets,
    params: ComplementParams,
    *,
    content: Neighbours | None = None,
    seen: sparse.csr_array | None = None,
    block: int = 256,
) -> Neighbours:
    """Return what goes with each item, best first; weight = log(lift) * P(other | item)^popularity, above 0 only.

    lift = (together + s) / (baskets of one * baskets of the other / baskets + s). Substitutes are left out: those
    alike by `content` (lists of cosines), those that shoppers change for one another in consecutive baskets, and those
    often looked at in one session of `seen` (1 where a session holds an item), though rarely bought together.
    Made in blocks of rows: memory does not grow with the square of the catalogue.
    """
    n_items = baskets.items.shape[1]
    small = _without_great(baskets, params.max_basket)
    together = _Pairing.of(small.items, small.items)
    rivals = [(_switches(small), params.switch_ratio)]
    if seen is not None:
        rivals.append((_Pairing.of(seen, seen), params.seen_ratio))
    parts = [_block(slice(start, start + block), together, rivals, params) for start in range(0, n_items, block)]
    stacked = sparse.vstack(parts, format="csr") if parts else sparse.csr_array((0, 0), dtype=np.float64)
    if content is not None:
        stacked = _without_alike(sparse.csr_array(stacked), content, params.alike_from)
    return keep_top(sparse.csr_array(stacked), params.top_k)


@dataclass(frozen=True, slots=True)
class _Pairing:
    """Two sides of the same length whose rows meet: transposed left [n_items, rows], right [rows, n_items]."""

    left: sparse.csr_array
    right: sparse.csr_array
    left_counts: NDArray[np.float64]
    right_counts: NDArray[np.float64]

    @staticmethod
    def of(left: sparse.csr_array, right: sparse.csr_array) -> "_Pairing":
        return _Pairing(
            left=sparse.csr_array(left.T),
            right=right,
            left_counts=np.asarray(left.sum(axis=0), dtype=np.float64).ravel(),
            right_counts=np.asarray(right.sum(axis=0), dtype=np.float64).ravel(),
        )

    def counts(self, rows: slice) -> sparse.csr_array:
        return sparse.csr_array(self.left[rows] @ self.right)

    def lift(
        self, seen: NDArray[np.float64], rows: NDArray[np.int64], columns: NDArray[np.int64], shrinkage: float
    ) -> NDArray[np.float64]:
        expected = self.left_counts[rows] * self.right_counts[columns] / max(self.right.shape[0], 1)
        return np.asarray((seen + shrinkage) / (expected + shrinkage))


def _block(
    rows: slice, together: _Pairing, rivals: list[tuple[_Pairing, float]], params: ComplementParams
) -> sparse.csr_array:
    common = together.counts(rows)
    entries = common.tocoo()
    row, column = (np.asarray(axis, dtype=np.int64) for axis in entries.coords)
    enough = (entries.data >= params.min_together) & (row + rows.start != column)
    row, column, counted = row[enough], column[enough], entries.data[enough]
    lift = together.lift(counted, row + rows.start, column, params.shrinkage)
    kept = lift > 1.0
    for rival, ratio in rivals:
        met = _values(rival.counts(rows), row, column)
        instead = rival.lift(met, row + rows.start, column, params.shrinkage)
        kept &= (met < params.min_together) | (instead <= ratio * lift)
    row, column, counted, lift = row[kept], column[kept], counted[kept], lift[kept]
    share = counted / together.left_counts[row + rows.start]
    return sparse.coo_array((np.log(lift) * share**params.popularity, (row, column)), shape=common.shape).tocsr()


def _values(matrix: sparse.csr_array, row: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the entries at the places, 0 where there is none."""
    return np.asarray(matrix[row, column], dtype=np.float64).ravel() if len(row) else np.empty(0)


def _without_great(baskets: Baskets, most: int) -> Baskets:
    kept = np.diff(baskets.items.indptr) <= most
    return Baskets(items=sparse.csr_array(baskets.items[kept]), shopper=baskets.shopper[kept])


def _switches(baskets: Baskets) -> _Pairing:
    """Return, for each two consecutive baskets of a shopper, what was left off beside what was new, either way."""
    goes_on = baskets.shopper[1:] == baskets.shopper[:-1]
    before, after = sparse.csr_array(baskets.items[:-1][goes_on]), sparse.csr_array(baskets.items[1:][goes_on])
    both = before.multiply(after)
    left_off, added = sparse.csr_array(before - both), sparse.csr_array(after - both)
    return _Pairing.of(
        sparse.csr_array(sparse.vstack([left_off, added], format="csr")),
        sparse.csr_array(sparse.vstack([added, left_off], format="csr")),
    )


def _without_alike(weights: sparse.csr_array, content: Neighbours, alike_from: float) -> sparse.csr_array:
    """Return the weights without pairs that are alike in either direction."""
    alike = sparse.csr_array((content.weights >= alike_from, content.indices, content.indptr), shape=weights.shape)
    either = sparse.csr_array((alike + alike.T) > 0)
    return sparse.csr_array(weights - weights.multiply(either))
