"""Step 2 of an answer: the best of what was touched, by a weighted sum of the sources. Compiled."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.compiled import compiled
from apps.recommend.ml.gather import CONTENT, COVISITATION, LATENT, NEIGHBOURS, TRANSITIONS, Desk
from apps.recommend.ml.tables import Places, Rows, Weights

_ROOM = 3  # times as many as are wanted are kept before the worst of them are let go
_LAST = 2**63 - 1
_HALF, _MAGNITUDE, _SIGN = 32, 2**31 - 1, 2**31


class Allowed(NamedTuple):
    """What may be answered: a row whose place (int32 [n]) is not -1, marked in `mask` (bool) and not `banned` (int32,
    ascending places). All empty: any row.

    Places are rows of whoever asks: a mask over a catalogue is shared by many questions and read only for what was
    found; what one question forbids on top are a few banned places.
    """

    mask: NDArray[np.bool_]
    place: Rows
    banned: Rows


@compiled
def holds(ascending: Rows, row: int) -> bool:
    """Return whether the row is among these, which ascend."""
    low, high = 0, len(ascending)
    while low < high:
        middle = (low + high) // 2
        if ascending[middle] < row:
            low = middle + 1
        else:
            high = middle
    return low < len(ascending) and ascending[low] == row


@compiled
def first_allowed(rows: Rows, mask: NDArray[np.bool_], banned: Rows, most: int) -> Rows:
    """Return at most so many of the rows that the mask marks and that are not banned, in their order.

    It stops as soon as it has enough: the length of `rows` costs nothing where many may be answered.
    """
    found = np.empty(min(most, len(rows)), np.int32)
    count = 0
    for row in rows:
        if count == len(found):
            break
        if mask[row] and not holds(banned, row):
            found[count] = row
            count += 1
    return found[:count]


@compiled
def places_left(rows: Rows, banned: Rows, most: int) -> Places:
    """Return at most so many places of the rows that are not banned, int64, in their order."""
    found = np.empty(min(most, len(rows)), np.int64)
    count = 0
    for at in range(len(rows)):
        if count == len(found):
            break
        if not holds(banned, rows[at]):
            found[count] = at
            count += 1
    return found[:count]


@compiled
def _may(allowed: Allowed, row: int) -> bool:
    if len(allowed.place) == 0:
        return True
    place = allowed.place[row]
    return place >= 0 and bool(allowed.mask[place]) and not holds(allowed.banned, place)


@compiled
def blended(desk: Desk, row: int) -> float:
    """Return what the sources say together."""
    mix, said = desk.mix, desk.scratch.signals[row]
    total: float = (
        mix.covisitation * said[COVISITATION]
        + mix.transitions * said[TRANSITIONS]
        + mix.latent * said[LATENT]
        + mix.content * said[CONTENT]
        + mix.neighbours * said[NEIGHBOURS]
        + mix.popularity * desk.tables.popularity[row]
    )
    return total


@compiled
def select(desk: Desk, history: Rows, touched: int, allowed: Allowed, most: int) -> tuple[Rows, Weights]:
    """Return at most so many of the touched rows that are allowed, best first; ties go to the lower row.

    Without `mix.repeats` the rows of the history are not among them. What cannot be among the best any more is looked
    up nowhere. Marks of the history are taken off.
    """
    mix, scratch = desk.mix, desk.scratch
    for row in history:
        scratch.marked[row] = False
    keys = np.empty(min(touched, _ROOM * most), np.int64)
    count, worst = 0, np.int64(_LAST)
    for at in range(touched):
        row = scratch.touched[at]
        held = not scratch.marked[row]
        if held and not mix.repeats:
            continue
        value = np.float32(blended(desk, row) + (mix.own if held else 0.0))
        # Not a number has no place in an order.
        if np.isnan(value):
            continue
        key = falling(value, row)
        if key > worst or not _may(allowed, row):
            continue
        if count == len(keys):
            keys[:most] = np.partition(keys, most - 1)[:most]
            count, worst = most, keys[:most].max()
            if key > worst:
                continue
        keys[count] = key
        count += 1
    return parts_of(np.sort(keys[:count])[:most])


@compiled
def falling(score: np.float32, number: int) -> np.int64:
    """Return a number that ascends as scores fall, and among equal ones as `number` (not below 0) ascends."""
    bits = np.int64(np.float32(score + np.float32(0.0)).view(np.int32))  # zero below zero is zero
    if bits < 0:
        bits = -(bits & _MAGNITUDE)
    return np.int64((-bits << _HALF) | number)


@compiled
def parts_of(keys: Places) -> tuple[Rows, Weights]:
    """Return what `falling` was given: the numbers, int32, and the scores, float32."""
    numbers, scores = np.empty(len(keys), np.int32), np.empty(len(keys), np.float32)
    bits = scores.view(np.int32)
    for at in range(len(keys)):
        numbers[at] = keys[at] & _MAGNITUDE
        found = -(keys[at] >> _HALF)
        bits[at] = found if found >= 0 else -found - _SIGN
    return numbers, scores
