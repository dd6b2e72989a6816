"""The child that measures EASE of `cornac` on ratings, tuned in every fold."""

from bench.offline.child import Work, answer_parent
from bench.offline.taste_folds import TasteFit, measure_taste, of_matrix
from bench.offline.with_cornac import ease

SETTINGS: dict[str, TasteFit] = {
    f"penalty {penalty:g}": of_matrix(ease(penalty=penalty)) for penalty in (100.0, 200.0, 300.0, 500.0, 1_000.0)
}


def measure(work: Work) -> Work:
    """Return the figures of EASE."""
    return measure_taste(SETTINGS, work)


if __name__ == "__main__":
    answer_parent(measure)
