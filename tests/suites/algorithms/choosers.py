"""Adapters of what makes a slate of candidates: diversity, calibrated slates, exploration. Candidates are all items."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.bandit import Arms, draw_epsilon, draw_thompson
from apps.recommend.ml.calibration import choose_calibrated
from apps.recommend.ml.diversity import choose_by_dpp, choose_by_mmr
from tests.suites.algorithms.subjects import UNSEEN, Algorithm, Arrays, Chains, to_counts, to_vectors

SLATE = 4


def relevance(chains: Chains, n_items: int) -> NDArray[np.float64]:
    """Return the share of the most chosen; earlier items a little more, so that there is one answer."""
    counts = to_counts(chains, n_items)
    share = counts / max(counts.max(initial=0.0), 1.0)
    return np.asarray(share - 0.01 * np.arange(n_items) / max(n_items, 1))


def mmr(chains: Chains, n_items: int, _: int) -> Arrays:
    vectors = to_vectors(chains, n_items)
    return {"places": choose_by_mmr(relevance(chains, n_items), vectors, SLATE, trade_off=0.6)}


def dpp(chains: Chains, n_items: int, _: int) -> Arrays:
    vectors = to_vectors(chains, n_items)
    return {"places": choose_by_dpp(relevance(chains, n_items), vectors, SLATE, trade_off=0.9)}


def calibrated(chains: Chains, n_items: int, _: int) -> Arrays:
    """Items 0 and 1 are of one group and all others of the other; the shopper wants both alike."""
    groups = np.zeros((n_items, 2))
    groups[:2, 0] = groups[2:, 1] = 1.0
    wanted = np.array([0.5, 0.5])
    return {"places": choose_calibrated(relevance(chains, n_items), groups, wanted, SLATE)}


def epsilon(chains: Chains, n_items: int, seed: int) -> Arrays:
    rng = np.random.default_rng(seed)
    return draw_epsilon(relevance(chains, n_items), SLATE, epsilon=0.0, rng=rng)._asdict()


def chance(chains: Chains, n_items: int, seed: int) -> Arrays:
    rng = np.random.default_rng(seed)
    return draw_epsilon(relevance(chains, n_items), SLATE, epsilon=1.0, rng=rng)._asdict()


def thompson(chains: Chains, n_items: int, seed: int) -> Arrays:
    """What was chosen has won a hundred times as often, and what was not has lost a thousand times."""
    counts = to_counts(chains, n_items)
    arms = Arms(counts * 100.0, np.where(counts > 0, 1.0, 1_000.0))
    return draw_thompson(arms, SLATE, rng=np.random.default_rng(seed))._asdict()


def _slate(arrays: Arrays) -> list[int]:
    found: list[int] = arrays["places"].tolist()
    return found


def _chooser(
    name: str,
    run: Callable[[Chains, int, int], Arrays],
    known: list[int],
    *,
    of_nothing: tuple[int, ...] = (0, 1, 2, 3),
) -> Algorithm:
    """What is like nothing else and says nothing is shown only before what says again what is shown already."""
    return Algorithm(
        name=name,
        run=run,
        arrays={"places": ("int32", ("slate",))},
        told=_slate,
        known=known,
        unseen=lambda arrays: UNSEEN not in _slate(arrays)[:2],
        of_nothing=list(of_nothing),
    )


_DRAWN = {"places": ("int32", ("slate",)), "propensities": ("float64", ("slate",))}
CHOOSERS = [
    _chooser("MMR", mmr, [0, 2, 1, 3]),
    _chooser("DPP", dpp, [0, 2, 4, 1]),
    _chooser("calibrated slate", calibrated, [0, 2, 1, 3], of_nothing=(0, 2, 1, 3)),
    Algorithm(
        name="epsilon-greedy",
        run=epsilon,
        arrays=_DRAWN,
        told=lambda arrays: (_slate(arrays), arrays["propensities"].tolist()),
        known=([0, 1, 2, 3], [1.0] * 4),
        unseen=lambda arrays: UNSEEN not in arrays["places"],
        of_nothing=([0, 1, 2, 3], [1.0] * 4),
    ),
    Algorithm(
        name="chance",
        run=chance,
        arrays=_DRAWN,
        told=lambda arrays: arrays["propensities"].tolist(),
        known=[1 / 5, 1 / 4, 1 / 3, 1 / 2],
        unseen=lambda arrays: len(set(_slate(arrays))) == SLATE,
        of_nothing=[1 / 4, 1 / 3, 1 / 2, 1.0],
    ),
    Algorithm(
        name="Thompson",
        run=thompson,
        arrays=_DRAWN,
        told=lambda arrays: sorted(_slate(arrays)),
        known=[0, 1, 2, 3],
        unseen=lambda arrays: UNSEEN not in arrays["places"],
        of_nothing=[0, 1, 2, 3],
    ),
]
