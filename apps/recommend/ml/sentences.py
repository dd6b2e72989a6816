"""Texts as vectors: what is made of what a sentence model says of each word piece. The model itself is in training."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

_TINY = 1e-12


class Pooling(StrEnum):
    """How one vector is made of those of the pieces: their mean, or the first one's."""

    MEAN = "mean"
    FIRST = "first"


def pool(
    pieces: NDArray[np.floating], mask: NDArray[np.integer], pooling: Pooling = Pooling.MEAN
) -> NDArray[np.float32]:
    """Return unit vectors, float32 [n, d], of pieces [n, length, d]; `mask` [n, length] is 0 where there is none.

    A text without pieces is zeros.
    """
    if pooling is Pooling.FIRST:
        present = mask[:, :1] > 0 if mask.shape[1] else np.zeros((len(mask), 1), dtype=np.bool_)
        summed = pieces[:, 0] * present if pieces.shape[1] else np.zeros((len(pieces), pieces.shape[2]))
    else:
        summed = np.einsum("nld,nl->nd", pieces, mask.astype(pieces.dtype))
    length = np.linalg.norm(summed, axis=1, keepdims=True)
    unit = np.divide(summed, length, out=np.zeros(summed.shape), where=length > _TINY)
    return np.asarray(unit, dtype=np.float32)
