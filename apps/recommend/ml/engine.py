"""The engine: candidates of all sources, brought together, described, and put in order by the ranker.

One compiled function answers one history; serving, evaluation and the ranker's own training call it, so what is
measured is what is shown, and what is learned from is what will be asked.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from apps.recommend.ml.compiled import compiled
from apps.recommend.ml.gather import Desk, Scratch, clear, gather, make_scratch, newest_first
from apps.recommend.ml.selection import Allowed, falling, parts_of, select
from apps.recommend.ml.signals import WIDTH, Question, describe
from apps.recommend.ml.tables import Mix, Places, Rows, Tables, Weights, read_only
from apps.recommend.ml.trees import Trees, add_up

THREADS = 2
_ROOM = 128  # lines and places of a history that a thread has room for at first
_STEP = 0.01  # by which scores fall behind what the ranker looked at
_PARTS = 16  # pieces of a batch, so that no thread waits long for another's last one


class Engine(NamedTuple):
    """What a model version is when it answers."""

    tables: Tables
    mix: Mix
    trees: Trees


class Scored(NamedTuple):
    """Candidates by falling score; `because_row` is the history row that contributed most to each."""

    rows: Rows
    scores: Weights
    because_row: Rows


class Histories(NamedTuple):
    """Several histories: that of question q is rows[start[q] : start[q + 1]], newest last. int64 [q + 1], int32.

    shares: float32, how much each place says, measured against the greatest of its history; None where all say the same
    """

    start: Places
    rows: Rows
    shares: Weights | None = None


class Found(NamedTuple):
    """Candidates of a batch. rows: int32 [q, k]; scores: float32 [q, k]; size: int32 [q], how many of k there are.

    lines: float32 [q, k, WIDTH], what the ranker sees; one line of it, without meaning, where it was not asked for
    """

    rows: Rows
    scores: Weights
    size: Rows
    lines: Weights


_local = threading.local()


# Read-only as what serving asks with, banned rows apart: the same machine code answers both.
_ANYTHING = Allowed(
    mask=read_only(np.zeros(0, dtype=np.bool_)),
    place=read_only(np.zeros(0, dtype=np.int32)),
    banned=np.zeros(0, dtype=np.int32),
)


class _How(NamedTuple):
    """most: how many are brought together; shown: how many of them are told; placed, chances: as places, as chances."""

    most: int
    shown: int
    placed: bool
    chances: bool


class _Workplace(NamedTuple):
    """What a thread answers with, made once. read_…: the same as what compiled functions may not write to."""

    size: tuple[int, int]
    scratch: Scratch
    lines: Weights
    history: Rows
    shares: Weights
    read_history: Rows
    read_shares: Weights


class _Asked(NamedTuple):
    """A history with what each place of it says, nothing where all say the same, and what may be answered."""

    history: Rows
    shares: Weights
    allowed: Allowed


@compiled
def _answer(engine: Engine, scratch: Scratch, asked: _Asked, most: int, lines: Weights) -> tuple[Rows, Weights]:
    """Return rows and scores, and leave the leaders in the scratch; `lines` is filled, where it is not empty."""
    desk = Desk(engine.tables, engine.mix, scratch)
    history, told = _known(asked.history, asked.shares, len(engine.tables.popularity))
    newest, shares = newest_first(history, told, engine.mix.max_history)
    touched = gather(desk, newest, shares)
    rows, scores = select(desk, history, touched, asked.allowed, most)
    if len(lines) > 0 and len(newest) > 0:
        describe(desk, Question(history, newest, shares), rows, scores, lines)
        if len(engine.trees.root) > 0 and len(rows) > 0:
            _rank(engine, lines, rows, scores)
    clear(scratch, touched)
    return rows, scores


@compiled
def _known(history: Rows, shares: Weights, size: int) -> tuple[Rows, Weights]:
    """Return the rows that there are, and what each says against the greatest of them."""
    rows, told = np.empty(len(history), np.int32), np.ones(len(history), np.float32)
    count, greatest = 0, np.float32(0.0)
    for at in range(len(history)):
        if not 0 <= history[at] < size:
            continue
        rows[count] = history[at]
        if len(shares) > 0:
            told[count] = shares[at]
            greatest = max(greatest, shares[at])
        count += 1
    if len(shares) > 0:
        for at in range(count):
            told[at] = told[at] / greatest if greatest > 0 else np.float32(0.0)
    return rows[:count], told[:count]


@compiled
def _rank(engine: Engine, lines: Weights, rows: Rows, scores: Weights) -> None:
    """Put those of the rows in order that the ranker looks at; the others stay behind them as they are."""
    first = min(len(rows), len(lines))
    if engine.mix.ranked > 0:
        first = min(first, engine.mix.ranked)
    add_up(engine.trees, lines[:first], scores)
    keys = np.empty(first, np.int64)
    for at in range(first):
        keys[at] = falling(scores[at], at)
    order, found = parts_of(np.sort(keys))
    rows[:first], scores[:first] = rows[order], found
    for at in range(first, len(rows)):
        scores[at] = scores[first - 1] - np.float32(_STEP * (at - first + 1))


@compiled
def _one(engine: Engine, scratch: Scratch, asked: _Asked, how: _How, lines: Weights) -> tuple[Rows, Weights, Rows]:
    """Return rows, scores and leaders."""
    rows, scores = _answer(engine, scratch, asked, how.most, lines)
    rows, scores = rows[: how.shown].copy(), scores[: how.shown].copy()
    leaders, place = np.empty(len(rows), np.int32), asked.allowed.place
    for at in range(len(rows)):
        leaders[at] = scratch.leader[rows[at]]
        if how.placed:
            rows[at] = place[rows[at]]
            leaders[at] = place[leaders[at]] if leaders[at] >= 0 else -1
        if how.chances:
            scores[at] = 1.0 / (1.0 + np.exp(-scores[at]))
    return rows, scores, leaders


@compiled
def _answer_span(
    engine: Engine,
    scratch: Scratch,
    asked: tuple[Places, Rows, Weights, Allowed],
    span: tuple[int, int],
    found: Found,
) -> None:
    """Answer the questions of the span; nothing is ranked where `found.lines` has no line."""
    start, rows, shares, anything = asked
    keeps = found.lines.shape[0] > 1
    lines = np.zeros((found.lines.shape[1], WIDTH), np.float32)
    for at in range(span[0], span[1]):
        told = shares[start[at] : start[at + 1]] if len(shares) > 0 else shares
        one = _Asked(rows[start[at] : start[at + 1]], told, anything)
        if keeps:
            lines = found.lines[at]
        best, scores = _answer(engine, scratch, one, found.rows.shape[1], lines)
        found.rows[at, : len(best)] = best
        found.scores[at, : len(best)] = scores
        found.size[at] = len(best)


def score(
    engine: Engine,
    history: Rows,
    *,
    shares: Weights | None = None,
    allowed: Allowed | None = None,
    limit: int | None = None,
    ranked: bool = True,
    placed: bool = False,
) -> Scored:
    """Return what fits a history (rows, newest last), best first; ties go to the lower row.

    Rows that the tables do not know are left out of the history. shares: float32, how much each place of it says,
    measured against the greatest; 0 says nothing. limit: at least 1; without it as many as the mix has candidates.
    Not ranked: by the blend of the sources alone. placed: rows are told as places of `allowed`, and what the ranker
    says as chances between 0 and 1.
    """
    most = max(engine.mix.candidates, limit or 0)
    wanted = _lines_of(engine, most) if ranked and len(engine.trees.root) > 0 else 0
    desk = _workplace(engine.tables, wanted, len(history))
    size = len(history)
    desk.history[:size] = history
    if shares is not None:
        desk.shares[:size] = shares
    asked = _Asked(
        desk.read_history[:size],
        desk.read_shares[: 0 if shares is None else size],
        _ANYTHING if allowed is None else allowed,
    )
    how = _How(most, limit or most, placed, placed and wanted > 0)
    try:
        return Scored(*_one(engine, desk.scratch, asked, how, desk.lines[:wanted]))
    except Exception:
        _local.held = None  # half filled: the next answer, of whichever model, would be made of it
        raise


def _lines_of(engine: Engine, most: int) -> int:
    """Return how many of so many candidates the ranker looks at."""
    return min(engine.mix.ranked or most, most)


def find(
    engine: Engine,
    histories: Histories,
    *,
    ranked: bool = True,
    keep_lines: bool = False,
    progress: Callable[[float], object] | None = None,
) -> Found:
    """Return the candidates of many histories, on two threads; `progress` is told the share that is done."""
    count, most = len(histories.start) - 1, engine.mix.candidates
    described = most if keep_lines else _lines_of(engine, most) if ranked else 0
    found = Found(
        rows=np.full((count, most), -1, dtype=np.int32),
        scores=np.zeros((count, most), dtype=np.float32),
        size=np.zeros(count, dtype=np.int32),
        lines=np.zeros((max(count, 2) if keep_lines else 1, described, WIDTH), np.float32),
    )
    shares = np.empty(0, dtype=np.float32) if histories.shares is None else histories.shares
    asked = (
        read_only(np.asarray(histories.start, dtype=np.int64)),
        read_only(np.asarray(histories.rows, dtype=np.int32)),
        read_only(np.asarray(shares, dtype=np.float32)),
        _ANYTHING,
    )
    bounds = np.linspace(0, count, _PARTS + 1).astype(np.int64).tolist()
    spans = [(begin, end) for begin, end in pairwise(bounds) if end > begin]

    def work(span: tuple[int, int]) -> int:
        _answer_span(engine, _workplace(engine.tables, 0, 0).scratch, asked, span, found)
        return span[1]

    with ThreadPoolExecutor(THREADS, thread_name_prefix="engine") as pool:
        for done in pool.map(work, spans):
            if progress is not None:
                progress(done / count)
    return found


def places(found: Found, targets: Rows) -> tuple[Places, Places]:
    """Return by question how many candidates are better than the target and how many others level with it.

    better: int64 [q], -1 where the target is not among the candidates; tied: int64 [q]
    """
    offered = np.arange(found.rows.shape[1]) < found.size[:, None]
    hit = (found.rows == targets[:, None]) & offered
    held = hit.any(axis=1)
    own = found.scores[np.arange(len(targets)), hit.argmax(axis=1)][:, None]
    better = ((found.scores > own) & offered).sum(axis=1)
    tied = ((found.scores == own) & offered).sum(axis=1) - 1
    return np.where(held, better, -1).astype(np.int64), np.where(held, tied, 0).astype(np.int64)


def _workplace(tables: Tables, lines: int, history: int) -> _Workplace:
    """Return this thread's own for tables of this size, with room for so many lines and so long a history."""
    size = (len(tables.popularity), len(tables.sessions.age))
    held: _Workplace | None = getattr(_local, "held", None)
    if held is None or held.size != size or len(held.lines) < lines or len(held.history) < history:
        rows, shares = np.zeros(max(history, _ROOM), dtype=np.int32), np.zeros(max(history, _ROOM), dtype=np.float32)
        held = _local.held = _Workplace(
            size=size,
            scratch=held.scratch if held is not None and held.size == size else make_scratch(tables),
            lines=np.zeros((max(lines, _ROOM), WIDTH), dtype=np.float32),
            history=rows,
            shares=shares,
            read_history=read_only(rows),
            read_shares=read_only(shares),
        )
    return held
