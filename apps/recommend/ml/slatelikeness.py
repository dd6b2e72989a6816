"""How much a slate that is being laid already says of each candidate. Compiled."""

import numpy as np

from apps.recommend.ml.compiled import compiled
from apps.recommend.ml.slateparts import Board, Likeness

_ALMOST_NOTHING = 1e-10  # what is left of a candidate that the chosen ones already say


@compiled
def begin(board: Board, likeness: Likeness) -> None:
    """Put what each candidate is worth before anything is chosen."""
    share = likeness.share
    if share == 0.0:
        return
    if likeness.dpp:
        for one in range(len(board.free)):
            # Relevance is at most 1: the greatest quality is 1, so that nothing overflows.
            board.quality[one] = np.exp((board.relevance[one] - 1.0) * (1.0 - share) / (2.0 * share))
            board.rest[one] = board.quality[one] ** 2
    _put_values(board, likeness)


@compiled
def take_in(board: Board, chosen: int, likeness: Likeness) -> None:
    """Take note of what was chosen, and put what the others are worth beside it."""
    if likeness.share == 0.0:
        return
    board.alike[:] = 0.0
    for group in range(len(likeness.weights)):
        code, weight = likeness.groups[group, chosen], likeness.weights[group]
        if code < 0:
            continue
        for one in range(len(board.free)):
            if likeness.groups[group, one] == code:
                board.alike[one] += weight
    if likeness.dpp:
        _condition(board, chosen)
    else:
        for one in range(len(board.free)):
            board.nearest[one] = max(board.nearest[one], board.alike[one])
    _put_values(board, likeness)


@compiled
def _put_values(board: Board, likeness: Likeness) -> None:
    share = likeness.share
    for one in range(len(board.free)):
        if not likeness.dpp:
            board.value[one] = (1.0 - share) * board.relevance[one] - share * board.nearest[one]
        elif board.rest[one] > _ALMOST_NOTHING * board.quality[one] ** 2:
            board.value[one] = board.rest[one]
        else:  # what the chosen ones wholly say follows by relevance
            board.value[one] = board.relevance[one] - 2.0


@compiled
def _condition(board: Board, chosen: int) -> None:
    """Take out of the others what the chosen one says of them: one more row of the Cholesky factor."""
    left, number = board.rest[chosen], board.counts[0]
    if left <= _ALMOST_NOTHING * board.quality[chosen] ** 2:
        return
    step = board.steps[number]
    for one in range(len(board.free)):
        step[one] = board.quality[chosen] * board.quality[one] * board.alike[one]
    for before in range(number):
        said = board.steps[before, chosen]
        for one in range(len(board.free)):
            step[one] -= said * board.steps[before, one]
    for one in range(len(board.free)):
        step[one] /= np.sqrt(left)
        board.rest[one] -= step[one] ** 2
    board.counts[0] = number + 1
