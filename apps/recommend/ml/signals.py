"""Step 3 of an answer: what the ranker sees of each candidate, one row of numbers each. Compiled."""

from typing import NamedTuple

import numpy as np

from apps.recommend.ml.compiled import compiled
from apps.recommend.ml.gather import (
    CONTENT,
    CONTENT_FLAT,
    CONTENT_LAST,
    CONTENT_SECOND,
    COVISITATION,
    COVISITATION_FLAT,
    FROM_LAST,
    FROM_SECOND,
    FROM_THIRD,
    GIVERS,
    LATENT,
    NEIGHBOUR_COUNT,
    NEIGHBOURS,
    STRONGEST,
    TRANSITIONS,
    Desk,
    Scratch,
)
from apps.recommend.ml.tables import Lists, Mix, Rows, Tables, Weights

# In the order of the columns. "share": of the greatest among the candidates of this answer.
NAMES: tuple[str, ...] = (
    "covisitation",
    "covisitation_last",
    "covisitation_second",
    "covisitation_strongest",
    "covisitation_share",
    "covisitation_back",
    "givers",
    "transitions",
    "transitions_share",
    "latent",
    "latent_share",
    "cosine_last",
    "cosine_second",
    "cosine_history",
    "content",
    "content_last",
    "content_share",
    "neighbours",
    "neighbours_share",
    "neighbours_mean",
    "neighbour_count",
    "popularity",
    "recent",
    "rise",
    "popularity_last",
    "blend",
    "blend_share",
    "rank",
    "candidates",
    "held",
    "held_ago",
    "history",
    "history_different",
    "followers",
    "covisitation_third",
    "covisitation_flat",
    "count_back_second",
    "count_last",
    "count_second",
    "count_third",
    "count_back",
    "count_among_followers",
    "lift",
    "row_factor",
    "column_factor",
    "row_factor_last",
    "content_second",
    "content_flat",
)
WIDTH = len(NAMES)
_NEVER = 100.0
_SHARED = 5  # signals of which a candidate's share of the greatest is told
_TINY = 1e-9


@compiled
def _dot(left: Weights, right: Weights) -> float:
    total = 0.0
    for at in range(len(left)):
        total += left[at] * right[at]
    return total


@compiled
def _dots(vectors: Weights, row: int, others: tuple[int, int], profile: Weights) -> tuple[float, float, float]:
    """Return the products of a vector with two others and with the profile: three sums wait less than one by one."""
    last, second, whole = 0.0, 0.0, 0.0
    for at in range(len(profile)):
        own = vectors[row, at]
        last += own * vectors[others[0], at]
        second += own * vectors[others[1], at]
        whole += own * profile[at]
    return last, second, whole


@compiled
def _weight_between(lists: Lists, row: int, column: int) -> float:
    """Return the weight of the column in the list of the row, whose columns ascend; 0 where it is not there."""
    low, high = lists.start[row], lists.start[row] + lists.length[row]
    end = high
    while low < high:
        middle = (low + high) // 2
        if lists.indices[middle] < column:
            low = middle + 1
        else:
            high = middle
    if low < end and lists.indices[low] == column:
        return float(lists.weights[low])
    return 0.0


@compiled
def _profile(tables: Tables, mix: Mix, newest: Rows, shares: Weights) -> Weights:
    """Return the history as one vector of unit length."""
    found = np.zeros(tables.vectors.shape[1], np.float32)
    factor = np.float32(1.0)
    for step in range(len(newest)):
        for at in range(len(found)):
            found[at] += tables.vectors[newest[step], at] * factor * shares[step]
        factor *= np.float32(mix.history_decay)
    length = np.sqrt(_dot(found, found))
    for at in range(len(found)):
        found[at] /= length + np.float32(_TINY)
    return found


@compiled
def _greatest(scratch: Scratch, rows: Rows) -> Weights:
    found = np.full(_SHARED, np.float32(_TINY))
    for row in rows:
        said = scratch.signals[row]
        found[0] = max(found[0], said[COVISITATION])
        found[1] = max(found[1], said[TRANSITIONS])
        found[2] = max(found[2], said[LATENT])
        found[3] = max(found[3], said[CONTENT])
        found[4] = max(found[4], said[NEIGHBOURS])
    return found


class Question(NamedTuple):
    """history: as it was, newest last; newest: its different rows, newest first, and what each says (shares)."""

    history: Rows
    newest: Rows
    shares: Weights


@compiled
def describe(desk: Desk, question: Question, rows: Rows, scores: Weights, out: Weights) -> None:
    """Write a line of `out` (float32 [k, WIDTH]) for each of the first k candidates, given best first with the blend.

    What a candidate is measured against are as many as the mix has candidates, whoever asks and however many lines.
    Of what was touched, the history alone has no marks (see `select`).
    """
    tables, scratch = desk.tables, desk.scratch
    history, newest = question.history, question.newest
    if len(rows) == 0:
        return
    among = min(len(rows), desk.mix.candidates)
    last, second = newest[0], newest[min(1, len(newest) - 1)]
    profile = _profile(tables, desk.mix, newest, question.shares)
    greatest = _greatest(scratch, rows[:among])
    for at in range(min(len(rows), len(out))):
        row, line, said = rows[at], out[at], scratch.signals[rows[at]]
        line[0], line[1], line[2], line[3] = said[COVISITATION], said[FROM_LAST], said[FROM_SECOND], said[STRONGEST]
        line[4] = said[COVISITATION] / greatest[0]
        line[5] = _weight_between(tables.covisitation, row, last) * tables.row_factor[row] * tables.column_factor[last]
        line[6] = said[GIVERS]
        line[7], line[8] = said[TRANSITIONS], said[TRANSITIONS] / greatest[1]
        line[9], line[10] = said[LATENT], said[LATENT] / greatest[2]
        line[11], line[12], line[13] = _dots(tables.vectors, row, (last, second), profile)
        line[14], line[15], line[16] = said[CONTENT], said[CONTENT_LAST], said[CONTENT] / greatest[3]
        line[17], line[18] = said[NEIGHBOURS], said[NEIGHBOURS] / greatest[4]
        line[19] = said[NEIGHBOURS] / max(said[NEIGHBOUR_COUNT], 1.0)
        line[20] = said[NEIGHBOUR_COUNT]
        line[21], line[22] = tables.popularity[row], tables.recent[row]
        line[23] = tables.recent[row] - tables.popularity[row]
        line[24] = tables.popularity[last]
        line[25], line[26] = scores[at], scores[at] / max(scores[0], _TINY)
        line[27], line[28] = at, among
        line[29], line[30] = (0.0, _NEVER) if scratch.marked[row] else _held(history, row)
        line[31], line[32] = len(history), len(newest)
        line[33] = tables.covisitation.length[row]
        _describe_counts(tables, newest, row, said, line)
        line[46], line[47] = said[CONTENT_SECOND], said[CONTENT_FLAT]


@compiled
def _describe_counts(tables: Tables, newest: Rows, row: int, said: Weights, line: Weights) -> None:
    """Write what the pairs are made of: a weight that is made of few events is worth less than the same of many."""
    last, second, third = newest[0], newest[min(1, len(newest) - 1)], newest[min(2, len(newest) - 1)]
    factor = max(tables.column_factor[row], _TINY)
    line[34], line[35] = said[FROM_THIRD], said[COVISITATION_FLAT]
    line[36] = _weight_between(tables.covisitation, row, second)
    line[37] = said[FROM_LAST] / (factor * max(tables.row_factor[last], _TINY))
    line[38] = said[FROM_SECOND] / (factor * max(tables.row_factor[second], _TINY))
    line[39] = said[FROM_THIRD] / (factor * max(tables.row_factor[third], _TINY))
    line[40] = line[5] / (max(tables.row_factor[row], _TINY) * max(tables.column_factor[last], _TINY))
    followers = max(tables.covisitation.length[last], 1)
    line[41] = line[37] / followers
    line[42] = line[37] / np.sqrt(followers * max(tables.covisitation.length[row], 1))
    line[43], line[44], line[45] = tables.row_factor[row], tables.column_factor[row], tables.row_factor[last]


@compiled
def _held(history: Rows, row: int) -> tuple[float, float]:
    """Return how often the history holds the row, and how many steps ago it did last."""
    count, ago = 0.0, _NEVER
    for place in range(len(history)):
        if history[place] == row:
            count += 1.0
            ago = min(_NEVER, float(len(history) - 1 - place))
    return count, ago
