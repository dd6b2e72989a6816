"""Step 1 of an answer: what every source says of every item that any of them names. Compiled.

The signals of an item lie side by side, so that all that is added for one item costs one line of cache.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.compiled import compiled
from apps.recommend.ml.tables import Lists, Mix, Places, Rows, Tables, Weights

Fading = NDArray[np.float64]

COVISITATION, FROM_LAST, FROM_SECOND, STRONGEST, GIVERS = 0, 1, 2, 3, 4
TRANSITIONS, LATENT, CONTENT, CONTENT_LAST, NEIGHBOURS, NEIGHBOUR_COUNT, LEADER_SHARE = 5, 6, 7, 8, 9, 10, 11
FROM_THIRD, COVISITATION_FLAT, CONTENT_SECOND, CONTENT_FLAT = 12, 13, 14, 15
SIGNALS = 16
_THIRD = 2  # steps back to the third newest row
_LEAST = 1e-30  # of nearness
_FADING = 32  # steps between items of a session for which the fading is worked out beforehand
_FORGOTTEN = 1e-3  # what weighs less than this is not worth a look-up


class Scratch(NamedTuple):
    """Working memory for one thread. Between two questions nothing is marked and no session is near.

    signals: float32 [n, SIGNALS]; marked: bool [n]; touched: int32 [n]; leader: int32 [n], row that gave most
    nearness: float32 [s]; met: int32 [s]

    What is said of a row, and who leads to it, is of this question where the row was touched, of any before elsewhere.
    """

    signals: Weights
    marked: NDArray[np.bool_]
    touched: Rows
    leader: Rows
    nearness: Weights
    met: Rows


class Desk(NamedTuple):
    """What every step of an answer has before it."""

    tables: Tables
    mix: Mix
    scratch: Scratch


def make_scratch(tables: Tables) -> Scratch:
    """Return working memory for questions to these tables."""
    size, sessions = len(tables.popularity), len(tables.sessions.age)
    return Scratch(
        signals=np.zeros((size, SIGNALS), dtype=np.float32),
        marked=np.zeros(size, dtype=np.bool_),
        touched=np.zeros(size, dtype=np.int32),
        leader=np.full(size, -1, dtype=np.int32),
        nearness=np.zeros(sessions, dtype=np.float32),
        met=np.zeros(sessions, dtype=np.int32),
    )


@compiled
def newest_first(history: Rows, shares: Weights, most: int) -> tuple[Rows, Weights]:
    """Return different rows, each at its newest place, newest first, and the greatest share of each."""
    rows = np.empty(min(len(history), most), np.int32)
    kept = np.empty(len(rows), np.float32)
    count = 0
    for place in range(len(history) - 1, -1, -1):
        known = False
        for at in range(count):
            if rows[at] == history[place]:
                known = True
                kept[at] = max(kept[at], shares[place])
                break
        if not known and count < len(rows) and shares[place] > 0.0:
            rows[count] = history[place]
            kept[count] = shares[place]
            count += 1
    return rows[:count], kept[:count]


@compiled
def _touch(scratch: Scratch, row: int, count: int) -> int:
    if scratch.marked[row]:
        return count
    scratch.marked[row] = True
    scratch.touched[count] = row
    scratch.leader[row] = -1
    for signal in range(SIGNALS):
        scratch.signals[row, signal] = 0.0
    return count + 1


@compiled
def _lead(scratch: Scratch, row: int, giver: int, share: float) -> None:
    if share > scratch.signals[row, LEADER_SHARE]:
        scratch.signals[row, LEADER_SHARE] = share
        scratch.leader[row] = giver


@compiled
def _add_list(lists: Lists, scratch: Scratch, giver: int, said: tuple[int, float, float], count: int) -> int:
    """Add a list to a signal; `said`: which one, by what its weights are multiplied, and what the source weighs."""
    signal, factor, weight = said
    begin = lists.start[giver]
    for at in range(begin, begin + lists.length[giver]):
        row = lists.indices[at]
        count = _touch(scratch, row, count)
        value = lists.weights[at] * factor
        scratch.signals[row, signal] += value
        _lead(scratch, row, giver, value * weight)
    return count


@compiled
def _add_covisitation(desk: Desk, step: int, giver: int, factor: float, count: int) -> int:
    tables, scratch, weight = desk.tables, desk.scratch, desk.mix.covisitation
    lists, of_row = tables.covisitation, tables.row_factor[giver]
    begin = lists.start[giver]
    for at in range(begin, begin + lists.length[giver]):
        row = lists.indices[at]
        value = lists.weights[at] * of_row * tables.column_factor[row]
        if value <= 0.0:
            continue
        count = _touch(scratch, row, count)
        signals = scratch.signals[row]
        signals[COVISITATION] += value * factor
        signals[GIVERS] += 1.0
        signals[STRONGEST] = max(signals[STRONGEST], value * factor)
        signals[COVISITATION_FLAT] += value
        if step == 0:
            signals[FROM_LAST] = value
        elif step == 1:
            signals[FROM_SECOND] = value
        elif step == _THIRD:
            signals[FROM_THIRD] = value
        _lead(scratch, row, giver, value * factor * weight)
    return count


@compiled
def gather(desk: Desk, rows: Rows, shares: Weights) -> int:
    """Add up what the rows of a history (different, newest first) say; return how many items were touched."""
    tables, mix, scratch = desk.tables, desk.mix, desk.scratch
    count, factor = 0, 1.0
    for step in range(len(rows)):
        giver = rows[step]
        told = factor * shares[step]
        if mix.covisitation > 0.0:
            count = _add_covisitation(desk, step, giver, told, count)
        if mix.latent > 0.0:
            count = _add_list(tables.latent, scratch, giver, (LATENT, told, mix.latent), count)
        if mix.content > 0.0:
            count = _add_list(tables.content, scratch, giver, (CONTENT, told, mix.content), count)
            _note_alike(tables.content, scratch, giver, step)
        sooner = mix.transition_decay**step * shares[step]
        if mix.transitions > 0.0 and sooner > _FORGOTTEN:
            count = _add_list(tables.transitions, scratch, giver, (TRANSITIONS, sooner, mix.transitions), count)
        factor *= mix.history_decay
    if mix.neighbours > 0.0:
        count = _add_neighbours(desk, rows, shares, count)
    if mix.repeats:
        for step in range(len(rows)):
            count = _touch(scratch, rows[step], count)
            _lead(scratch, rows[step], rows[step], 1e-9)
    return count


@compiled
def _note_alike(lists: Lists, scratch: Scratch, giver: int, step: int) -> None:
    begin = lists.start[giver]
    for at in range(begin, begin + lists.length[giver]):
        signals, value = scratch.signals[lists.indices[at]], lists.weights[at]
        signals[CONTENT_FLAT] += value
        if step == 0:
            signals[CONTENT_LAST] = value
        elif step == 1:
            signals[CONTENT_SECOND] = value


@compiled
def _meet(desk: Desk, rows: Rows, shares: Weights) -> Places:
    """Add to each session that holds any of the rows how near it is to them; return how many were met by each row."""
    mix, scratch, sessions = desk.mix, desk.scratch, desk.tables.sessions
    met, met_by = 0, np.zeros(len(rows), np.int64)
    for step in range(len(rows)):
        met_by[step] = met
        told = np.exp(-step / mix.neighbours_step) * shares[step]
        # As float32 it must not be 0: a session would be met once more with each row, and `met` has room for one each.
        if told <= _LEAST:
            continue
        begin = sessions.item_start[rows[step]]
        end = min(sessions.item_start[rows[step] + 1], begin + mix.neighbours_newest)
        for at in range(begin, end):
            session = sessions.item_sessions[at]
            if scratch.nearness[session] == 0.0:
                scratch.met[met] = session
                met += 1
            scratch.nearness[session] += told
        met_by[step] = met
    return met_by


@compiled
def _shared_place(items: Rows, rows: Rows) -> tuple[int, int]:
    """Return where the session first holds the newest of the rows that it holds, and which of them that is."""
    place, best = 0, len(rows)
    for at in range(len(items)):
        for step in range(best):
            if items[at] == rows[step]:
                place, best = at, step
                break
    return place, best


@compiled
def _add_neighbours(desk: Desk, rows: Rows, shares: Weights, count: int) -> int:
    """Add what the nearest sessions hold beside what is shared, by nearness (after STAN: Garg et al., SIGIR 2019)."""
    mix, scratch, sessions = desk.mix, desk.scratch, desk.tables.sessions
    met_by = _meet(desk, rows, shares)
    met = met_by[-1] if len(rows) > 0 else 0
    near = np.empty(met, np.float32)
    for at in range(met):
        session = scratch.met[at]
        size = sessions.session_start[session + 1] - sessions.session_start[session]
        near[at] = scratch.nearness[session] / np.sqrt(size) * np.exp(-sessions.age[session] / mix.neighbours_age)
        scratch.nearness[session] = 0.0
    least = np.float32(0.0)
    if met > mix.neighbours_kept:
        least = np.partition(near, met - mix.neighbours_kept)[met - mix.neighbours_kept]
    fading = np.empty(_FADING)
    for away in range(_FADING):
        fading[away] = np.exp(-away / mix.neighbours_distance)
    step = 0
    for at in range(met):
        while at >= met_by[step]:
            step += 1
        if near[at] >= least:
            session = scratch.met[at]
            items = sessions.session_items[sessions.session_start[session] : sessions.session_start[session + 1]]
            # It holds the row that met it first: those before that are all that can be newer.
            count = _add_session(desk, items, rows[: step + 1], (near[at], fading), count)
    return count


@compiled
def _add_session(desk: Desk, items: Rows, rows: Rows, said: tuple[float, Fading], count: int) -> int:
    """Add what a session says; `said`: how near it is, and by what that fades with the steps between items."""
    mix, scratch = desk.mix, desk.scratch
    near, fading = said
    place, shared = _shared_place(items, rows)
    for at in range(len(items)):
        if at == place:
            continue
        away = abs(at - place)
        value = near * (fading[away] if away < _FADING else np.exp(-away / mix.neighbours_distance))
        count = _touch(scratch, items[at], count)
        scratch.signals[items[at], NEIGHBOURS] += value
        scratch.signals[items[at], NEIGHBOUR_COUNT] += 1.0
        if shared < len(rows):
            _lead(scratch, items[at], rows[shared], value * mix.neighbours)
    return count


@compiled
def clear(scratch: Scratch, count: int) -> None:
    """Take the marks off what was touched."""
    for at in range(count):
        scratch.marked[scratch.touched[at]] = False
