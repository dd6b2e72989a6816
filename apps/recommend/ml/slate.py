"""A slate, place by place: pins, limits of groups, little likeness, and places given to trying. Deterministic by draws.

At each free place the candidates are those that break the least: of two sets of limits the one whose most important
broken limit is less important. A slate is therefore as long as the candidates allow, and limits give way from the last
to the first. Among these the best by score and likeness is taken, or, with a chance, one that is drawn.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.compiled import compiled
from apps.recommend.ml.slatelikeness import begin, take_in
from apps.recommend.ml.slatelimits import BITS, count_in, put_broken
from apps.recommend.ml.slateparts import (
    NO_LIMITS,
    NO_PINS,
    NO_TRYING,
    NOT_ALIKE,
    Board,
    Likeness,
    Limits,
    Places,
    Trying,
)


class Chosen(NamedTuple):
    """A slate. places: int32 [k] of the candidates; propensities: float64 [k]; gave_way: bool [l], limits not kept.

    A propensity is the probability of the place's candidate given those before it; their product is that of the slate.
    """

    places: Places
    propensities: NDArray[np.float64]
    gave_way: NDArray[np.bool_]


def choose(
    scores: NDArray[np.floating],
    size: int,
    *,
    pins: Places = NO_PINS,
    limits: Limits = NO_LIMITS,
    likeness: Likeness = NOT_ALIKE,
    trying: Trying = NO_TRYING,
) -> Chosen:
    """Return a slate of min(size, c) candidates.

    scores: float [c], at least 0, compared as float32; ties go to the lower place. pins: int32, the candidate for each
    first place of the slate, -1 for none, no candidate twice; one beyond the end of a short slate gets its last free
    place.
    """
    if pins is NO_PINS and limits is NO_LIMITS and likeness is NOT_ALIKE and trying is NO_TRYING:
        length = min(size, len(scores))
        best = np.argsort(-scores, kind="stable")[:length].astype(np.int32)
        return Chosen(best, np.ones(length), np.empty(0, dtype=np.bool_))
    # A whole number in place of a fraction would have everything compiled once more.
    told = likeness._replace(share=float(likeness.share)), trying._replace(share=float(trying.share))
    # So would an array that is read-only or strided, as those of a model that lies in a file are.
    own = np.array(scores, dtype=np.float32)
    places, propensities, gave_way = _choose(own, size, pins, limits, told)
    return Chosen(places, propensities, gave_way)


@compiled
def _choose(
    scores: NDArray[np.float32],
    size: int,
    pins: Places,
    limits: Limits,
    told: tuple[Likeness, Trying],
) -> tuple[Places, NDArray[np.float64], NDArray[np.bool_]]:
    likeness, trying = told
    count = len(scores)
    length = min(size, count)
    order = np.arange(count)
    for at in range(1, count):
        if scores[at] > scores[at - 1]:
            order = np.argsort(-scores, kind="mergesort")
            break
    gave_way = np.zeros(len(limits.kinds), np.bool_)
    propensities = np.ones(length)
    greatest = np.max(scores) if count else 1.0
    relevance = np.maximum(scores, 0.0) / (greatest if greatest > 0.0 else 1.0)
    board = Board(
        slate=np.full(length, -1, np.int32),
        free=np.ones(count, np.bool_),
        order=order,
        relevance=relevance.astype(np.float64),
        value=relevance.astype(np.float64),
        alike=np.zeros(count),
        nearest=np.zeros(count),
        quality=np.ones(count),
        rest=np.zeros(count),
        steps=np.zeros((length if likeness.dpp else 0, count)),
        counts=np.zeros(1, np.int64),
        used=np.zeros((len(limits.kinds), count), np.int32),
        broken=np.zeros(count, np.int64),
    )
    begin(board, likeness)
    _pin(board, pins, limits, likeness)
    for place in range(length):
        if board.slate[place] < 0:
            put_broken(board, place, limits)
            best, least = _best(board)
            chosen, propensities[place] = _tried(board, place, best, least, trying)
            for limit in range(len(gave_way)):
                gave_way[limit] |= (least >> max(0, BITS - limit)) & 1 == 1
            _lay(board, place, chosen, limits, likeness)
    return board.slate, propensities, gave_way


@compiled
def _pin(board: Board, pins: Places, limits: Limits, likeness: Likeness) -> None:
    """Lay the pins; they are chosen before anything else is, wherever they stand."""
    last = len(board.slate) - 1
    for place in range(len(pins)):
        if pins[place] < 0:
            continue
        where = min(place, last)
        while board.slate[where] >= 0 or (place > last and where < len(pins) and pins[where] >= 0):
            where -= 1
        _lay(board, where, pins[place], limits, likeness)


@compiled
def _lay(board: Board, place: int, chosen: int, limits: Limits, likeness: Likeness) -> None:
    board.slate[place] = chosen
    board.free[chosen] = False
    count_in(board, chosen, limits)
    take_in(board, chosen, likeness)


@compiled
def _best(board: Board) -> tuple[int, np.int64]:
    """Return the best candidate for the place, and what it breaks there, which is the least that any does."""
    best, least = -1, np.int64(0)
    for at in range(len(board.order)):
        one = board.order[at]
        if not board.free[one]:
            continue
        broken = board.broken[one]
        if best < 0 or broken < least or (broken == least and board.value[one] > board.value[best]):
            best, least = one, broken
    return best, least


@compiled
def _tried(board: Board, place: int, best: int, least: np.int64, trying: Trying) -> tuple[int, float]:
    """Return the place's candidate and its propensity: one by weight with the chance of trying, else the best."""
    if trying.share <= 0.0:
        return best, 1.0
    whole = 0.0
    for one in range(len(board.free)):
        if board.free[one] and board.broken[one] == least:
            whole += trying.weights[one]
    chosen, share = best, trying.share
    if whole <= 0.0:
        return best, 1.0
    if trying.draws[place, 0] < share:
        left = trying.draws[place, 1] * whole
        for one in board.order:
            if board.free[one] and board.broken[one] == least and trying.weights[one] > 0.0:
                chosen = one
                left -= trying.weights[one]
                if left < 0.0:
                    break
    own = share * trying.weights[chosen] / whole
    return chosen, own + (1.0 - share if chosen == best else 0.0)
