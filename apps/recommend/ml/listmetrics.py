"""What slates are like beside being right: how much of the catalogue they show, how new, varied and fitting they are.

A slate is a row of int32 [n, k], best first, padded with -1. What says something of one question is float64 [n], and
NaN where the question has nothing to be judged by (an empty slate); what says something of all of them is one number.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Slates = NDArray[np.int32]
Values = NDArray[np.float64]

# Weight of the wanted distribution in the shown one, so that no share is 0 (Steck 2018).
_STECK_ALPHA = 0.01


def coverage(slates: Slates, n_items: int) -> float:
    """Return which share of the catalogue is in at least one slate."""
    return float(np.count_nonzero(exposures(slates, n_items))) / n_items if n_items else 0.0


def gini(slates: Slates, n_items: int) -> float:
    """Return how unequally the items are shown (Gini): 0 where all are shown alike, near 1 where few have it all."""
    shown = np.sort(exposures(slates, n_items))
    total = shown.sum()
    if total == 0:
        return 0.0
    ranks = np.arange(1, n_items + 1)
    return float(((2 * ranks - n_items - 1) * shown).sum() / (n_items * total))


def exposures(slates: Slates, n_items: int) -> NDArray[np.int64]:
    """Return in how many places each item is shown, int64 [n_items]."""
    return np.bincount(slates[slates >= 0], minlength=n_items).astype(np.int64)


def novelty(slates: Slates, counts: NDArray[np.int64]) -> Values:
    """Return the mean self-information of a slate's items in bits: -log2 of the share that each has of all events.

    counts: int64 [n_items], events learned from (Zhou and others 2010); one is added, for items that have none.
    """
    bits = -np.log2((counts + 1.0) / (counts.sum() + len(counts)))
    return _mean_of_items(slates, bits)


def unexpectedness(slates: Slates, primitive: NDArray[np.int32]) -> Values:
    """Return the share of a slate that a plain list for everybody would not have shown; primitive: int32 [p]."""
    return _mean_of_items(slates, (~_is_in(slates, primitive)).astype(np.float64), by_place=True)


def serendipity(slates: Slates, targets: NDArray[np.int32], primitive: NDArray[np.int32]) -> Values:
    """Return 1 where a slate holds what came next and a plain list for everybody does not, otherwise 0.

    After Ge and others (2010): useful and unexpected; with one right answer not divided by the size of the slate.
    """
    found = (slates == targets[:, None]) & (slates >= 0)
    surprising = found & ~_is_in(slates, primitive)
    return np.asarray(surprising.any(axis=1), dtype=np.float64)


def diversity(slates: Slates, vectors: "sparse.csr_array | NDArray[np.float32]") -> Values:
    """Return 1 - the mean cosine of all pairs of a slate (intra-list diversity, Ziegler and others 2005).

    vectors: [n_items, d], sparse or not, each of length 1, or 0 for an item of which nothing is known. NaN for a slate
    of fewer than two items.
    """
    held = _indicator(slates, vectors.shape[0])
    together: Any = held @ vectors
    squared = _squares(together)
    own = held @ _squares(vectors)
    counts = (slates >= 0).sum(axis=1)
    pairs = counts * (counts - 1.0)
    return np.asarray(np.where(pairs > 0, 1.0 - (squared - own) / np.where(pairs > 0, pairs, 1.0), np.nan))


def miscalibration(
    slates: Slates, indptr: NDArray[np.int64], rows: NDArray[np.int32], category: NDArray[np.int32]
) -> Values:
    """Return how far a slate's mix of categories is from that of the history (Kullback-Leibler, nats; Steck 2018).

    0 where both are the same. Of question q the history is rows[indptr[q] : indptr[q + 1]]; category: int32 [n_items],
    -1 for none. NaN where the history or the slate has no category.
    """
    count = int(category.max(initial=-1)) + 1
    question = np.repeat(np.arange(len(slates)), np.diff(indptr))
    wanted = _mix(question, category[rows], len(slates), count)
    places = np.nonzero(slates >= 0)
    shown = _mix(places[0], category[slates[places]], len(slates), count)
    smoothed = (1.0 - _STECK_ALPHA) * shown + _STECK_ALPHA * wanted
    ratio = np.divide(wanted, smoothed, out=np.ones_like(wanted), where=wanted > 0)
    judged = wanted.any(axis=1) & shown.any(axis=1)
    return np.asarray(np.where(judged, (wanted * np.log(ratio)).sum(axis=1), np.nan))


def _mean_of_items(slates: Slates, values: Values, *, by_place: bool = False) -> Values:
    filled = slates >= 0
    counts = filled.sum(axis=1)
    each = values if by_place else values[np.maximum(slates, 0)]
    total = np.where(filled, each, 0.0).sum(axis=1)
    return np.asarray(np.where(counts > 0, total / np.maximum(counts, 1), np.nan))


def _is_in(slates: Slates, plain: NDArray[np.int32]) -> NDArray[np.bool_]:
    return np.isin(slates, plain)


def _indicator(slates: Slates, n_items: int) -> sparse.csr_array:
    filled = slates >= 0
    indptr = np.concatenate(([0], np.cumsum(filled.sum(axis=1))))
    shown = slates[filled]
    return sparse.csr_array((np.ones(len(shown)), shown, indptr), shape=(len(slates), n_items))


def _squares(matrix: Any) -> Values:
    """Return the squared length of each row."""
    sparsely = isinstance(matrix, sparse.csr_array)
    squared = matrix.multiply(matrix) if sparsely else np.square(matrix, dtype=np.float64)
    return np.asarray(squared.sum(axis=1), dtype=np.float64).ravel()


def _mix(question: NDArray[np.int64], kinds: NDArray[np.int32], asked: int, count: int) -> Values:
    """Return float64 [asked, count]: the share of each category, all 0 where there is none."""
    known = kinds >= 0
    flat = np.bincount(question[known] * count + kinds[known], minlength=asked * count)
    mix = flat.reshape(asked, count).astype(np.float64)
    total = mix.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(mix, total, out=mix, where=total > 0), dtype=np.float64)
