"""The child that asks popularity: how often an item was chosen in what is learned from, the same for everybody."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bench.offline.child import Work, answer_parent
from bench.offline.measure import measure_peer
from bench.offline.places import Scorer


def fit(train: sparse.csr_matrix, seed: int) -> Scorer:  # noqa: ARG001 - nothing is drawn
    """Return how it scores."""
    counts = np.asarray(train.sum(axis=0), dtype=np.float32)

    def score(histories: sparse.csr_matrix, numbers: NDArray[np.int64]) -> NDArray[np.float32]:  # noqa: ARG001 - all are answered alike
        return np.repeat(counts, histories.shape[0], axis=0)

    return score


def measure(work: Work) -> Work:
    """Return the figures of popularity."""
    return measure_peer(fit, work)


if __name__ == "__main__":
    answer_parent(measure)
