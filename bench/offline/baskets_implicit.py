"""The child that measures methods of `implicit` on next baskets, fed with how often each household bought each item."""

import numpy as np
from numpy.typing import NDArray

from bench.offline.baskets_measure import measure_baskets
from bench.offline.child import Work, answer_parent
from bench.offline.journey import BasketFit, BasketScorer, Split
from bench.offline.measure import Fit
from bench.offline.with_implicit import FITS, als


def of_counts(fit: Fit) -> BasketFit:
    """Return how a method that knows neither order nor time scores the households."""

    def learn(split: Split, seed: int) -> BasketScorer:
        scorer = fit(split.counts, seed)

        def score(numbers: NDArray[np.int64]) -> NDArray[np.float32]:
            households = split.household[numbers]
            scores = scorer(split.counts[households], households.astype(np.int64))
            return np.where(np.isfinite(scores), scores, np.float32(-1e9))

        return score

    return learn


SETTINGS: dict[str, dict[str, BasketFit]] = {
    "implicit Cosine": {"100 neighbours": of_counts(FITS["implicit Cosine"])},
    "implicit BM25": {"100 neighbours": of_counts(FITS["implicit BM25"])},
    "implicit ALS": {
        f"factors {factors}, regularisation {regularisation}, alpha {alpha}": of_counts(
            als(factors=factors, regularization=regularisation, alpha=alpha)
        )
        for factors, regularisation, alpha in ((64, 10.0, 2.0), (128, 10.0, 2.0), (128, 1.0, 10.0))
    },
}


def measure(work: Work) -> Work:
    """Return the figures of one of the methods."""
    return measure_baskets(SETTINGS[work["method"]], work)


if __name__ == "__main__":
    answer_parent(measure)
