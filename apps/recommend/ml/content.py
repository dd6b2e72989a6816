"""Content similarity: items that are alike in attributes, brand and text, whether anybody has seen them or not."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from apps.recommend.ml.neighbours import Neighbours, keep_top
from apps.recommend.ml.tokens import ContentParams

_DENSE_BLOCK = 256  # rows of sentences at once, each as long as the catalogue


def fit_content(
    tokens: sparse.csr_array,
    params: ContentParams,
    *,
    sentences: NDArray[np.float32] | None = None,
    block: int = 1_024,
) -> Neighbours:
    """Return the nearest items of each item by cosine; computed in blocks, so memory does not grow with the square.

    With `sentences`, unit vectors of the texts (float32 [n, d]; zeros where there is none), the likeness is
    (1 - sentence_share) * cosine of the tokens + sentence_share * cosine of the sentences, where it is above 0.
    """
    narrow = sparse.csr_array(tokens.astype(np.float32))
    transposed = narrow.T.tocsr()
    size = tokens.shape[0]
    step = block if sentences is None else min(block, _DENSE_BLOCK)
    parts = []
    for start in range(0, size, step):
        rows = slice(start, start + step)
        similar = sparse.csr_array(narrow[rows] @ transposed)
        if sentences is not None:
            similar = _mixed(similar, sentences[rows] @ sentences.T, params)
        parts.append(_block_top(similar, params.top_k + 1))
    stacked = sparse.vstack(parts, format="csr") if parts else sparse.csr_array((size, size), dtype=np.float32)
    return keep_top(sparse.csr_array(stacked), params.top_k)


def _mixed(similar: sparse.csr_array, cosines: NDArray[np.float32], params: ContentParams) -> sparse.csr_array:
    """Return both likenesses together, cut to what may be kept, as every item is a little like every other."""
    share = np.float32(params.sentence_share)
    mixed = similar.toarray() * (1 - share) + np.maximum(cosines, 0) * share
    most = params.top_k + 1
    if most < mixed.shape[1]:
        least = np.partition(mixed, mixed.shape[1] - most, axis=1)[:, mixed.shape[1] - most, None]
        mixed[mixed < least] = 0.0
    return sparse.csr_array(mixed)


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
