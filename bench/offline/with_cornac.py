"""The child that measures a method of `cornac` (extra `peers`)."""

import numpy as np
from cornac.data import Dataset
from cornac.models import EASE, ItemKNN
from numpy.typing import NDArray
from scipy import sparse

from apps.recommend.ml.neighbours import keep_top
from bench.offline.child import Work, answer_parent
from bench.offline.measure import Fit, measure_peer
from bench.offline.places import Scorer

NEIGHBOURS = 100
LAMBDA = 100.0


def ease(*, penalty: float) -> Fit:
    """Return the linear autoencoder with a closed form (Steck 2019); histories are its input."""

    def fit(train: sparse.csr_matrix, seed: int) -> Scorer:
        model = EASE(lamb=penalty, posB=False, seed=seed, verbose=False).fit(_dataset(train))
        weights = np.asarray(model.B, dtype=np.float32)

        def score(histories: sparse.csr_matrix, numbers: NDArray[np.int64]) -> NDArray[np.float32]:  # noqa: ARG001 - as all are asked
            return np.asarray(histories @ weights, dtype=np.float32)

        return score

    return fit


def item_knn(*, neighbours: int) -> Fit:
    """Return item neighbours, weighted by BM25; scores are the sum of the similarities to the history.

    Its own score is a weighted mean of ratings, which is 1 for everything where all ratings are 1.
    """

    def fit(train: sparse.csr_matrix, seed: int) -> Scorer:
        model = ItemKNN(k=neighbours, weighting="bm25", seed=seed, verbose=False).fit(_dataset(train))
        lists = keep_top(sparse.csr_array(model.sim_mat), neighbours)
        similar = sparse.csr_matrix((lists.weights, lists.indices, lists.indptr), shape=model.sim_mat.shape)

        def score(histories: sparse.csr_matrix, numbers: NDArray[np.int64]) -> NDArray[np.float32]:  # noqa: ARG001 - as all are asked
            scores = np.asarray((histories @ similar).todense(), dtype=np.float32)
            return np.where(scores > 0, scores, np.float32(-np.inf))

        return score

    return fit


def _dataset(train: sparse.csr_matrix) -> Dataset:
    """Return the matrix as its own data, with every item at its row, also those that nobody chose."""
    users, items = train.nonzero()
    ones = np.ones(len(users))
    return Dataset(
        num_users=train.shape[0],
        num_items=train.shape[1],
        uid_map={user: user for user in range(train.shape[0])},
        iid_map={item: item for item in range(train.shape[1])},
        uir_tuple=(users.astype(np.int32), items.astype(np.int32), ones),
        seed=0,
    )


FITS: dict[str, Fit] = {
    "cornac EASE": ease(penalty=LAMBDA),
    "cornac ItemKNN": item_knn(neighbours=NEIGHBOURS),
}


def measure(work: Work) -> Work:
    """Return the figures of one of the methods."""
    return measure_peer(FITS[work["method"]], work)


if __name__ == "__main__":
    answer_parent(measure)
