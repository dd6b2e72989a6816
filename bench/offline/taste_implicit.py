"""The child that measures BPR and WRMF of `implicit` on ratings, each tuned in every fold."""

from bench.offline.child import Work, answer_parent
from bench.offline.taste_folds import TasteFit, measure_taste, of_matrix
from bench.offline.with_implicit import als, bpr

SETTINGS: dict[str, dict[str, TasteFit]] = {
    "implicit WRMF": {
        f"factors {factors}, regularisation {regularisation}, alpha {alpha}": of_matrix(
            als(factors=factors, regularization=regularisation, alpha=alpha)
        )
        for factors in (16, 24, 32, 64)
        for regularisation, alpha in ((5.0, 1.0), (8.0, 2.0))
    },
    "implicit BPR": {
        f"factors {factors}, rate {rate}, regularisation {regularisation}": of_matrix(
            bpr(factors=factors, learning_rate=rate, regularization=regularisation, iterations=100)
        )
        for factors in (16, 32)
        for rate, regularisation in ((0.01, 0.05), (0.02, 0.05), (0.02, 0.1))
    },
}


def measure(work: Work) -> Work:
    """Return the figures of one of the methods."""
    return measure_taste(SETTINGS[work["method"]], work)


if __name__ == "__main__":
    answer_parent(measure)
