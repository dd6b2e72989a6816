"""Slates that do not say one thing ten times: greedy choices that weigh relevance against likeness.

Both take the candidates' relevance, float [n], and their unit vectors, float [n, d] (a row of zeros is like nothing),
and return int32 places of the candidates in the order to show them; ties go to the lower place.
"""

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int32]

_ALMOST_NOTHING = 1e-10  # what is left of a candidate that the chosen ones already say


def choose_by_mmr(
    relevance: NDArray[np.floating], vectors: NDArray[np.floating], k: int, *, trade_off: float = 0.7
) -> Places:
    """Return at most k places by maximal marginal relevance (Carbonell and Goldstein, 1998).

    Each next one has the greatest trade_off * relevance - (1 - trade_off) * (likeness to the most alike chosen one);
    trade_off 1 is the order of relevance. Relevance should be on the scale of the cosine, 0 to 1.
    """
    size = len(relevance)
    nearest = np.zeros(size)
    free = np.ones(size, dtype=np.bool_)
    chosen: list[int] = []
    for _ in range(min(k, size)):
        value = np.where(free, trade_off * relevance - (1.0 - trade_off) * nearest, -np.inf)
        place = int(value.argmax())
        alike = vectors @ vectors[place]
        nearest = np.maximum(nearest, alike) if chosen else np.asarray(alike, dtype=np.float64)
        free[place] = False
        chosen.append(place)
    return np.array(chosen, dtype=np.int32)


def choose_by_dpp(
    relevance: NDArray[np.floating], vectors: NDArray[np.floating], k: int, *, trade_off: float = 0.7
) -> Places:
    """Return at most k places, greedily the most probable ones of a determinantal point process (Chen et al., 2018).

    Kernel q_i S_ij q_j with cosines S and q = exp(a relevance), a = trade_off / (2 (1 - trade_off)); trade_off is
    below 1. Relevance should be within 0 to 1. O(n k (d + k)). What the chosen ones already say wholly follows by
    relevance, so that a slate is as long as the candidates allow.
    """
    size = len(relevance)
    wanted = min(k, size)
    rate = trade_off / (2.0 * (1.0 - trade_off))
    # A common factor of all qualities changes no choice: the greatest is 1, so that nothing overflows.
    quality = np.exp(rate * (relevance - relevance.max(initial=-np.inf))) if size else np.empty(0)
    rest = quality**2
    floor = _ALMOST_NOTHING * rest
    steps = np.zeros((wanted, size))
    chosen: list[int] = []
    while len(chosen) < wanted:
        place = int(np.where(rest > floor, rest, -np.inf).argmax())
        if rest[place] <= floor[place]:
            break
        row = quality[place] * quality * (vectors @ vectors[place])
        number = len(chosen)
        step = (row - steps[:number, place] @ steps[:number]) / np.sqrt(rest[place])
        steps[number] = step
        rest = rest - step**2
        rest[place] = -np.inf
        chosen.append(place)
    return _filled(chosen, relevance, wanted)


def _filled(chosen: list[int], relevance: NDArray[np.floating], wanted: int) -> Places:
    if len(chosen) < wanted:
        taken = set(chosen)
        order = np.argsort(-relevance, kind="stable").tolist()
        chosen = chosen + [place for place in order if place not in taken][: wanted - len(chosen)]
    return np.array(chosen, dtype=np.int32)
