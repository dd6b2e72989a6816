"""Neighbour lists: for each row its best columns with weights, as CSR arrays that can be stored and mapped."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


class Neighbours(NamedTuple):
    """Columns of row r are indices[indptr[r]:indptr[r + 1]], by falling weight; ties go to the lower column."""

    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    weights: NDArray[np.float32]


def keep_top(matrix: sparse.csr_array, k: int) -> Neighbours:
    """Return the k heaviest positive entries of each row of a square matrix, the diagonal left out."""
    entries = matrix.tocoo()
    row, column = entries.coords
    positive = (entries.data > 0) & (row != column)
    row, column, weight = row[positive], column[positive], entries.data[positive]
    order = np.lexsort((column, -weight, row))
    row, column, weight = row[order], column[order], weight[order]
    counts = np.bincount(row, minlength=matrix.shape[0])
    rank = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = rank < k
    indptr = np.zeros(matrix.shape[0] + 1, dtype=np.int32)
    np.cumsum(np.minimum(counts, k), out=indptr[1:])
    return Neighbours(indptr, column[kept].astype(np.int32), weight[kept].astype(np.float32))
