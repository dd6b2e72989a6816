"""Step 2 of an answer: the best of what was touched, by a weighted sum of the sources. Compiled."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.compiled import compiled
from apps.recommend.ml.gather import CONTENT, COVISITATION, LATENT, NEIGHBOURS, TRANSITIONS, Desk
from apps.recommend.ml.tables import Places, Rows, Weights


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

    Without `mix.repeats` the rows of the history are not among them.
    """
    mix, scratch = desk.mix, desk.scratch
    rows = np.empty(touched, np.int32)
    scores = np.empty(touched, np.float32)
    count = 0
    for at in range(touched):
        row = scratch.touched[at]
        if not _may(allowed, row):
            continue
        held = False
        for place in range(len(history)):
            if history[place] == row:
                held = True
                break
        if held and not mix.repeats:
            continue
        value = blended(desk, row) + (mix.own if held else 0.0)
        # Not a number has no place in an order: looking for the least of what is kept would run past the end.
        if np.isnan(value):
            continue
        rows[count] = row
        scores[count] = value
        count += 1
    return best_of(rows[:count], scores[:count], most)


@compiled
def best_of(rows: Rows, scores: Weights, most: int) -> tuple[Rows, Weights]:
    """Return the rows of the greatest scores, falling; ties go to the lower row."""
    count = min(len(rows), most)
    if count < len(rows):
        least = np.partition(scores, len(rows) - count)[len(rows) - count]
        kept = np.empty(count, np.int64)
        found = 0
        for at in range(len(rows)):
            if scores[at] > least:
                kept[found] = at
                found += 1
        level = np.flatnonzero(scores == least)
        level = level[np.argsort(rows[level])]
        for at in range(count - found):
            kept[found + at] = level[at]
        rows, scores = rows[kept], scores[kept]
    by_row = np.argsort(rows)
    rows, scores = rows[by_row], scores[by_row]
    order = np.argsort(-scores, kind="mergesort")
    return rows[order], scores[order]
