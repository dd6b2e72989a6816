"""Tokens as short vectors, whose cosines approximate those of the tokens: a truncated SVD that later items share."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from apps.recommend.ml.tokens import ContentParams, Described, Vocabulary, to_tokens

_TINY = 1e-9  # shorter than this, a vector points nowhere


@dataclass(frozen=True, slots=True)
class Projection:
    """All that it takes to make vectors of items. `components`: float32 [tokens of the vocabulary, size]."""

    vocabulary: Vocabulary
    components: NDArray[np.float32]
    params: ContentParams


def embed(items: Described, projection: Projection) -> NDArray[np.float32]:
    """Return the vectors that the fit gives such items."""
    return project(to_tokens(items, projection.vocabulary, projection.params), projection.components)


def fit_components(tokens: sparse.csr_array, size: int, *, seed: int) -> NDArray[np.float32]:
    """Return the strongest directions [tokens, size] of the rows (randomised SVD); missing ones are zeros."""
    n_tokens = tokens.shape[1]
    components = np.zeros((n_tokens, size), dtype=np.float32)
    if tokens.nnz == 0:
        return components
    sketch = tokens @ np.random.default_rng(seed).standard_normal((n_tokens, min(size + 16, n_tokens)))
    for _ in range(2):
        sketch = tokens @ (tokens.T @ _orthonormal(sketch))
    shadow = tokens.T @ _orthonormal(sketch)
    strength, turn = np.linalg.eigh(shadow.T @ shadow)
    strongest = np.argsort(-strength, kind="stable")[:size]
    strongest = strongest[strength[strongest] > strength[-1] * _TINY]
    directions = shadow @ (turn[:, strongest] / np.sqrt(strength[strongest]))
    directions *= np.where(directions.sum(axis=0) < 0, -1.0, 1.0)  # the sign of a direction is arbitrary: fix it
    components[:, : len(strongest)] = directions
    return components


def project(tokens: sparse.csr_array, components: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return unit vectors [n, size]; a row without tokens, or without any of these directions, is zeros."""
    vectors: NDArray[Any] = np.asarray(tokens @ components)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > _TINY)
    return np.asarray(unit, dtype=np.float32)


def _orthonormal(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an orthonormal basis of the columns, by their Gram matrix: far cheaper than QR for tall matrices."""
    strength, turn = np.linalg.eigh(columns.T @ columns)
    kept = strength > strength[-1] * _TINY
    return np.asarray(columns @ (turn[:, kept] / np.sqrt(strength[kept])))
