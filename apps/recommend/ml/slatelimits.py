"""Which limits each candidate would break at a place of a slate that is being laid. Compiled."""

import numpy as np

from apps.recommend.ml.compiled import compiled
from apps.recommend.ml.slateparts import LEAST_SHARE, MOST, SPACING, Board, Limits

BITS = 61  # of a number; limits beyond share the last one
_ALMOST = 1e-9  # shares are decimal fractions: 0.3 of 10 places is 3


@compiled
def count_in(board: Board, chosen: int, limits: Limits) -> None:
    """Count what was chosen to its groups."""
    for limit in range(len(limits.kinds)):
        group = limits.groups[limit, chosen]
        if group < 0:
            continue
        for one in range(len(board.free)):
            board.used[limit, one] += limits.groups[limit, one] == group


@compiled
def put_broken(board: Board, place: int, limits: Limits) -> None:
    """Put what each candidate would break here."""
    board.broken[:] = 0
    for limit in range(len(limits.kinds)):
        kind, bit = limits.kinds[limit], np.int64(1) << max(0, BITS - limit)
        if kind == SPACING:
            _put_near(board, place, limit, limits, bit)
        elif kind != LEAST_SHARE:
            _put_full(board, limit, limits, bit)
        elif _is_short(board, place, limit, limits):
            _put_others(board, limit, limits, bit)


@compiled
def _put_full(board: Board, limit: int, limits: Limits, bit: np.int64) -> None:
    """Put the limit as broken for all of a group that has as many places as it may."""
    every = limits.kinds[limit] == MOST
    most = limits.counts[limit]
    if not every:
        most = np.int32(np.floor(limits.shares[limit] * len(board.slate) + _ALMOST))
    for one in range(len(board.free)):
        group = limits.groups[limit, one]
        if board.used[limit, one] >= most and (group == 0 or (every and group > 0)):
            board.broken[one] |= bit


@compiled
def _put_others(board: Board, limit: int, limits: Limits, bit: np.int64) -> None:
    """Put the limit as broken for all that are not of group 0."""
    for one in range(len(board.free)):
        if limits.groups[limit, one] != 0:
            board.broken[one] |= bit


@compiled
def _put_near(board: Board, place: int, limit: int, limits: Limits, bit: np.int64) -> None:
    """Put the limit as broken for all of a group that stands too near."""
    distance = limits.counts[limit]
    for other in range(max(0, place - distance), min(len(board.slate), place + distance + 1)):
        held = board.slate[other]
        if held < 0 or limits.groups[limit, held] < 0:
            continue
        for one in range(len(board.free)):
            if limits.groups[limit, one] == limits.groups[limit, held]:
                board.broken[one] |= bit


@compiled
def _is_short(board: Board, place: int, limit: int, limits: Limits) -> bool:
    """Return whether only group 0 may have this place, for its least share to be kept here and at the end."""
    length, share = len(board.slate), limits.shares[limit]
    before, after, free = 0, 0, 0
    for other in range(length):
        held = board.slate[other]
        if held < 0:
            free += other > place
        elif limits.groups[limit, held] == 0:
            before += other < place
            after += other > place
    until_here = np.floor(share * (place + 1) + _ALMOST)
    whole = np.ceil(share * length - _ALMOST)
    return bool(before < until_here or before + after + free < whole)
