"""Items as short vectors, from what comes near what: a truncated SVD of the positive pointwise mutual information.

Levy and Goldberg, NeurIPS 2014: what word2vec does by sampling, done at once; context counts smoothed by 0.75.
"""

import numpy as np
from scipy import sparse

from apps.recommend.ml.tables import Weights

_SMOOTHING = 0.75
_OVERSAMPLING = 16
_ITERATIONS = 2
_TINY = 1e-9


def mutual_information(counts: sparse.csr_array) -> sparse.csr_array:
    """Return log(P(row, column) / P(row) P'(column)) where it is above 0; float32."""
    total = float(counts.sum())
    rows = np.asarray(counts.sum(axis=1)).ravel()
    columns = np.asarray(counts.sum(axis=0)).ravel() ** _SMOOTHING
    columns *= total / max(float(columns.sum()), _TINY)
    row_of = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    value = np.log(np.maximum(counts.data * total, _TINY) / (rows[row_of] * columns[counts.indices]))
    found = sparse.csr_array((np.maximum(value, 0.0).astype(np.float32), counts.indices, counts.indptr), counts.shape)
    found.eliminate_zeros()
    return found


def fit_latent(counts: sparse.csr_array, *, size: int, seed: int) -> Weights:
    """Return vectors float32 [n, size] of unit length; zeros for an item without neighbours.

    Randomised SVD (Halko, Martinsson and Tropp, SIAM Review 2011); singular values enter by their square root.
    """
    n_items = counts.shape[0]
    vectors = np.zeros((n_items, size), dtype=np.float32)
    if counts.nnz == 0:
        return vectors
    told = mutual_information(counts)
    turned = told.T.tocsr()
    width = min(size + _OVERSAMPLING, n_items)
    sketch = told @ np.random.default_rng(seed).standard_normal((n_items, width), dtype=np.float32)
    for _ in range(_ITERATIONS):
        sketch = told @ _orthonormal(turned @ _orthonormal(sketch))
    basis = _orthonormal(sketch)
    shadow = np.asarray(turned @ basis)
    strength, turn = np.linalg.eigh((shadow.T @ shadow).astype(np.float64))
    strongest = np.argsort(-strength, kind="stable")[:size]
    scale = np.maximum(strength[strongest], 0.0) ** 0.25  # the root of a singular value, whose square this is
    found = basis @ (turn[:, strongest] * scale).astype(np.float32)
    length = np.linalg.norm(found, axis=1, keepdims=True)
    np.divide(found, length, out=found, where=length > _TINY)
    vectors[:, : found.shape[1]] = found
    return vectors


def _orthonormal(columns: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of the columns, by their Gram matrix: far cheaper than QR for tall matrices."""
    strength, turn = np.linalg.eigh((columns.T @ columns).astype(np.float64))
    kept = strength > strength[-1] * _TINY
    return np.asarray(columns @ (turn[:, kept] / np.sqrt(strength[kept])).astype(np.float32))
