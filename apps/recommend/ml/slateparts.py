"""What a slate is chosen by: limits of groups, likeness, places given to trying; and the board it is laid on."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST, SPACING, LEAST_SHARE, MOST_SHARE = 0, 1, 2, 3

Places = NDArray[np.int32]
Chances = NDArray[np.float64]


class Limits(NamedTuple):
    """What a slate should keep to, the most important first.

    kinds: int8 [l]: MOST, at most `counts` of a group; SPACING, `counts` places between two of a group; LEAST_SHARE and
        MOST_SHARE, `shares` of the slate for group 0
    groups: int32 [l, c], of each candidate, -1 where a limit is not about it; counts: int32 [l]; shares: float64 [l]

    A least share is spread: any first p places hold at least floor(share p), the whole slate ceil(share k). A most
    share is floor(share k). Pins count in every limit from the first place on, and are never refused.
    """

    kinds: NDArray[np.int8]
    groups: Places
    counts: Places
    shares: Chances


class Likeness(NamedTuple):
    """How alike two candidates are: the sum of the weights of the groups that they share; a group -1 is like nothing.

    groups: int32 [g, c]; weights: float64 [g], summing to 1
    share: 0 orders by score alone, 1 by how little alike
    dpp: False: maximal marginal relevance, (1 - share) score - share (likeness to the most alike chosen one) (Carbonell
        and Goldstein, 1998); True: the greedy most probable slate of a determinantal point process (Chen et al., 2018)
        with quality exp(score (1 - share) / (2 share))
    """

    groups: Places
    weights: Chances
    share: float
    dpp: bool


class Trying(NamedTuple):
    """share: the chance of each free place to be drawn; weights: float64 [c], by which; draws: float64 [s, 2].

    The draws are uniform in 0 to 1, a pair for each place: whether it is drawn, and which. At least as many pairs as
    the slate has places.
    """

    share: float
    weights: Chances
    draws: Chances


NO_PINS: Places = np.empty(0, dtype=np.int32)
NO_LIMITS = Limits(
    np.empty(0, dtype=np.int8),
    np.empty((0, 0), dtype=np.int32),
    np.empty(0, dtype=np.int32),
    np.empty(0, dtype=np.float64),
)
NOT_ALIKE = Likeness(np.empty((0, 0), dtype=np.int32), np.empty(0), 0.0, dpp=False)
NO_TRYING = Trying(0.0, np.empty(0), np.empty((0, 2)))


class Board(NamedTuple):
    """A slate that is being laid. c candidates, k places, l limits; `order` is by score, falling.

    slate: int32 [k], -1 where free; free: bool [c]; relevance: float64 [c], scores as parts of the greatest
    value: float64 [c], what the next place is taken by; alike: float64 [c], likeness to the last chosen one
    nearest: float64 [c], likeness to the most alike chosen one
    quality, rest: float64 [c] and steps: float64 [k, c], of the point process; counts: int64 [1], rows of steps
    used: int32 [l, c], chosen ones of the candidate's group
    broken: int64 [c], the limits that a candidate would break here, a bit each, the most important the greatest
    """

    slate: Places
    free: NDArray[np.bool_]
    order: NDArray[np.int64]
    relevance: Chances
    value: Chances
    alike: Chances
    nearest: Chances
    quality: Chances
    rest: Chances
    steps: Chances
    counts: NDArray[np.int64]
    used: Places
    broken: NDArray[np.int64]
