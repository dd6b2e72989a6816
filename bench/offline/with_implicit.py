"""The child that measures a method of `implicit` (extra `peers`)."""

from collections.abc import Callable
from typing import Any

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from implicit.cpu.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, ItemItemRecommender, TFIDFRecommender
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no types

from bench.offline.child import Work, answer_parent
from bench.offline.measure import Fit, measure_peer
from bench.offline.places import Scorer

NEIGHBOURS = 100


def neighbours(make: Callable[[], ItemItemRecommender]) -> Fit:
    """Return how item neighbours are fitted and asked: the sum of the similarities to the history."""

    def fit(train: sparse.csr_matrix, seed: int) -> Scorer:  # noqa: ARG001 - as all are fitted
        model = make()
        model.fit(train, show_progress=False)
        similar = model.similarity.astype(np.float32)

        def score(histories: sparse.csr_matrix, numbers: NDArray[np.int64]) -> NDArray[np.float32]:  # noqa: ARG001 - as all are asked
            scores = np.asarray((histories @ similar).todense(), dtype=np.float32)
            return np.where(scores > 0, scores, np.float32(-np.inf))

        return score

    return fit


def als(*, factors: int, regularization: float, alpha: float, iterations: int = 15) -> Fit:
    """Return weighted matrix factorisation (Hu, Koren and Volinsky 2008); histories get their own factors."""

    def fit(train: sparse.csr_matrix, seed: int) -> Scorer:
        model = AlternatingLeastSquares(
            factors=factors, regularization=regularization, alpha=alpha, iterations=iterations, random_state=seed
        )
        with threadpool_limits(1, "blas"):
            model.fit(train, show_progress=False)

        def score(histories: sparse.csr_matrix, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
            with threadpool_limits(1, "blas"):
                own = model.recalculate_user(numbers, histories)
            return np.asarray(own @ model.item_factors.T, dtype=np.float32)

        return score

    return fit


def bpr(*, factors: int, learning_rate: float, regularization: float, iterations: int = 150) -> Fit:
    """Return pairwise matrix factorisation (Rendle and others 2009).

    It knows only those that it learnt from; anybody else is taken for the mean of the factors of their items.
    """

    def fit(train: sparse.csr_matrix, seed: int) -> Scorer:
        model: Any = BayesianPersonalizedRanking(
            factors=factors,
            learning_rate=learning_rate,
            regularization=regularization,
            iterations=iterations,
            random_state=seed,
            num_threads=1,  # with more, the result depends on how they meet
        )
        model.fit(train, show_progress=False)

        def score(histories: sparse.csr_matrix, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
            if (numbers >= 0).all():
                return np.asarray(model.user_factors[numbers] @ model.item_factors.T, dtype=np.float32)
            lengths = np.maximum(np.asarray(histories.sum(axis=1)), 1)
            return np.asarray((histories @ model.item_factors / lengths) @ model.item_factors.T, dtype=np.float32)

        return score

    return fit


FITS: dict[str, Fit] = {
    "implicit Cosine": neighbours(lambda: CosineRecommender(K=NEIGHBOURS)),
    "implicit TF-IDF": neighbours(lambda: TFIDFRecommender(K=NEIGHBOURS)),
    "implicit BM25": neighbours(lambda: BM25Recommender(K=NEIGHBOURS, B=0.2)),
    "implicit ALS": als(factors=256, regularization=100.0, alpha=40.0),
    "implicit BPR": bpr(factors=128, learning_rate=0.15, regularization=0.05),
}


def measure(work: Work) -> Work:
    """Return the figures of one of the methods."""
    return measure_peer(FITS[work["method"]], work)


if __name__ == "__main__":
    answer_parent(measure)
