"""Content similarity: items that are alike in attributes, brand and text, whether anybody has seen them or not."""

from itertools import pairwise

import numpy as np
from scipy import sparse

from apps.recommend.ml.neighbours import Neighbours, keep_top
from apps.recommend.ml.tokens import ContentParams


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
