"""Content similarity: items that are alike in attributes, brand and text, whether anybody has seen them or not."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from apps.recommend.ml.neighbours import Neighbours, keep_top

_TINY = 1e-9  # shorter than this, a vector points nowhere
_WORD = re.compile(r"[^\W_]{2,}")


@dataclass(frozen=True, slots=True)
class ContentParams:
    """text_weight: how much a word of the name or description counts beside an attribute
    max_share: a token that more than this share of the items have says nothing
    number_bins: numeric attributes become this many bins of equal frequency
    """

    text_weight: float = 0.3
    max_share: float = 0.3
    number_bins: int = 8
    top_k: int = 50


@dataclass(frozen=True, slots=True)
class Described:
    """What is known of the items, by row."""

    item_types: Sequence[str]
    brands: Sequence[str]
    texts: Sequence[str]
    attributes: Sequence[Mapping[str, Any]]


def fit_tokens(items: Described, params: ContentParams) -> sparse.csr_array:
    """Return TF-IDF rows of unit length (items x tokens); a row without a telling token is empty."""
    edges = _number_edges(items.attributes, params.number_bins)
    vocabulary: dict[str, int] = {}
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for row, tokens in enumerate(_tokens(items, edges, params.text_weight)):
        for token, value in tokens.items():
            rows.append(row)
            columns.append(vocabulary.setdefault(token, len(vocabulary)))
            values.append(value)
    shape = (len(items.brands), max(len(vocabulary), 1))
    counts = sparse.coo_array((np.asarray(values), (rows, columns)), shape=shape).tocsr()
    return _unit_rows(counts, params.max_share)


def fit_content(tokens: sparse.csr_array, params: ContentParams, *, block: int = 1_024) -> Neighbours:
    """Return the nearest items of each item by cosine; computed in blocks, so memory does not grow with the square."""
    narrow = sparse.csr_array(tokens.astype(np.float32))
    transposed = narrow.T.tocsr()
    parts = [
        _block_top(sparse.csr_array(narrow[start : start + block] @ transposed), params.top_k + 1)
        for start in range(0, tokens.shape[0], block)
    ]
    stacked = sparse.vstack(parts, format="csr") if parts else sparse.csr_array(tokens.shape[:1] * 2, dtype=np.float32)
    return keep_top(sparse.csr_array(stacked), params.top_k)


def project(tokens: sparse.csr_array, size: int, *, seed: int) -> NDArray[np.float32]:
    """Return unit vectors [n, size] whose cosines approximate those of the tokens (randomised truncated SVD)."""
    n_items, n_tokens = tokens.shape
    out = np.zeros((n_items, size), dtype=np.float32)
    if tokens.nnz == 0:
        return out
    sketch = tokens @ np.random.default_rng(seed).standard_normal((n_tokens, min(size + 16, n_tokens)))
    for _ in range(2):
        sketch = tokens @ (tokens.T @ _orthonormal(sketch))
    basis = _orthonormal(sketch)
    shadow = tokens.T @ basis
    strength, turn = np.linalg.eigh(shadow.T @ shadow)
    strongest = np.argsort(-strength, kind="stable")[:size]
    vectors = basis @ turn[:, strongest] * np.sqrt(np.maximum(strength[strongest], 0.0))
    vectors *= np.where(vectors.sum(axis=0) < 0, -1.0, 1.0)  # the sign of a singular vector is arbitrary: fix it
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    out[:, : len(strongest)] = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > _TINY)
    return out


def _orthonormal(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an orthonormal basis of the columns, by their Gram matrix: far cheaper than QR for tall matrices."""
    strength, turn = np.linalg.eigh(columns.T @ columns)
    kept = strength > strength[-1] * _TINY
    return np.asarray(columns @ (turn[:, kept] / np.sqrt(strength[kept])))


def _tokens(
    items: Described, edges: Mapping[str, NDArray[np.float64]], text_weight: float
) -> Iterable[dict[str, float]]:
    rows = zip(items.item_types, items.brands, items.texts, items.attributes, strict=True)
    for item_type, brand, text, attributes in rows:
        tokens = {f"text:{word}": text_weight for word in _WORD.findall(text.lower())} if text_weight > 0 else {}
        tokens[f"type:{item_type}"] = 1.0
        if brand:
            tokens[f"brand:{brand.lower()}"] = 1.0
        for name, value in attributes.items():
            tokens.update(dict.fromkeys(_attribute_tokens(name, value, edges), 1.0))
        yield tokens


def _attribute_tokens(name: str, value: Any, edges: Mapping[str, NDArray[np.float64]]) -> Iterable[str]:
    if value is None or value is False:
        return
    if isinstance(value, bool | str):
        yield f"{name}={str(value).lower()}"
    elif isinstance(value, int | float):
        yield f"{name}~{int(np.searchsorted(edges[name], value))}" if name in edges else f"{name}={value}"
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _attribute_tokens(f"{name}.{key}", inner, edges)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _attribute_tokens(name, inner, edges)


def _number_edges(attributes: Sequence[Mapping[str, Any]], bins: int) -> dict[str, NDArray[np.float64]]:
    """Return the inner edges of equally filled bins for each numeric attribute that has more values than bins."""
    numbers: dict[str, list[float]] = {}
    for row in attributes:
        for name, value in row.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                numbers.setdefault(name, []).append(float(value))
    shares = np.linspace(0.0, 1.0, bins + 1)[1:-1]
    return {name: np.unique(np.quantile(found, shares)) for name, found in numbers.items() if len(set(found)) > bins}


def _unit_rows(counts: sparse.csr_array, max_share: float) -> sparse.csr_array:
    n_items = counts.shape[0]
    having = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = np.log((n_items + 1) / (having + 1))
    rarity[(having <= 1) | (having > max(max_share * n_items, 2.0))] = 0.0
    weighted = sparse.csr_array(counts @ sparse.diags_array(rarity))
    weighted.eliminate_zeros()
    length = np.sqrt(np.bincount(_row_of(weighted), weights=weighted.data**2, minlength=n_items))
    weighted.data /= length[_row_of(weighted)]
    return weighted


def _row_of(matrix: sparse.csr_array) -> NDArray[np.intp]:
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def _block_top(similar: sparse.csr_array, k: int) -> sparse.csr_array:
    """Return at most k of the best entries of each row; among equal ones which are kept depends on the data alone."""
    kept = []
    bounds = similar.indptr.tolist()
    for start, stop in pairwise(bounds):
        if stop - start > k:
            kept.append(start + np.argpartition(similar.data[start:stop], stop - start - k)[-k:])
        else:
            kept.append(np.arange(start, stop))
    place = np.concatenate(kept) if kept else np.empty(0, dtype=np.intp)
    indptr = np.concatenate(([0], np.cumsum([len(part) for part in kept])))
    return sparse.csr_array((similar.data[place], similar.indices[place], indptr), shape=similar.shape)
