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
from apps.recommend.ml.selection import Allowed, select
from apps.recommend.ml.signals import WIDTH, Question, describe
from apps.recommend.ml.tables import Mix, Places, Rows, Tables, Weights, read_only
from apps.recommend.ml.trees import Trees, add_up

THREADS = 2
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


class _Asked(NamedTuple):
    """A history with what each place of it says, and what may be answered."""

    history: Rows
    shares: Weights
    allowed: Allowed


@compiled
def _answer(engine: Engine, scratch: Scratch, asked: _Asked, most: int, lines: Weights) -> tuple[Rows, Weights, Rows]:
    """Return rows, scores and leaders; `lines` [most, WIDTH] is filled, or is empty and nothing is ranked."""
    desk, trees = Desk(engine.tables, engine.mix, scratch), engine.trees
    newest, shares = newest_first(asked.history, asked.shares, engine.mix.max_history)
    touched = gather(desk, newest, shares)
    rows, scores = select(desk, asked.history, touched, asked.allowed, most)
    leaders = np.empty(len(rows), np.int32)
    for at in range(len(rows)):
        leaders[at] = scratch.leader[rows[at]]
    if len(lines) > 0 and len(newest) > 0:
        describe(desk, Question(asked.history, newest, shares), rows, scores, lines)
        if len(trees.root) > 0:
            add_up(trees, lines[: len(rows)], scores)
            order = np.argsort(-scores, kind="mergesort")
            rows, scores, leaders = rows[order], scores[order], leaders[order]
    clear(scratch, touched)
    return rows, scores, leaders


@compiled
def _measured(shares: Weights) -> Weights:
    """Return the shares against the greatest of them."""
    greatest = np.float32(0.0)
    for at in range(len(shares)):
        greatest = max(greatest, shares[at])
    found = np.zeros(len(shares), np.float32)
    for at in range(len(shares)):
        found[at] = shares[at] / greatest if greatest > 0 else np.float32(0.0)
    return found


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
    width, keeps = found.rows.shape[1], found.lines.shape[0] > 1
    lines = np.zeros((found.lines.shape[1], WIDTH), np.float32)
    for at in range(span[0], span[1]):
        history, told = rows[start[at] : start[at + 1]], np.ones(start[at + 1] - start[at], np.float32)
        if len(shares) > 0:
            told = _measured(shares[start[at] : start[at + 1]])
        if keeps:
            lines = found.lines[at]
        best, scores, _ = _answer(engine, scratch, _Asked(history, told, anything), width, lines)
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
) -> Scored:
    """Return what fits a history (rows, newest last), best first; ties go to the lower row.

    Rows that the tables do not know are left out of the history. shares: float32, how much each place of it says,
    measured against the greatest; 0 says nothing. limit: at least 1; without it as many as the mix has candidates.
    Not ranked: by the blend of the sources alone.
    """
    told = np.ones(len(history), dtype=np.float32) if shares is None else _measured(shares.astype(np.float32))
    known = (history >= 0) & (history < len(engine.tables.popularity))
    if not known.all():
        history, told = history[known], told[known]
    most = max(engine.mix.candidates, limit or 0)
    # Of the types that a batch has as well: the same machine code answers both.
    lines = np.zeros((most if ranked else 0, WIDTH), dtype=np.float32)
    asked = _Asked(read_only(history.astype(np.int32, copy=False)), told, _ANYTHING if allowed is None else allowed)
    try:
        rows, scores, leaders = _answer(engine, _scratch(engine.tables), asked, most, lines)
    except Exception:
        _local.held = None  # half filled: the next answer, of whichever model, would be made of it
        raise
    return Scored(rows[:limit], scores[:limit], leaders[:limit])


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
    found = Found(
        rows=np.full((count, most), -1, dtype=np.int32),
        scores=np.zeros((count, most), dtype=np.float32),
        size=np.zeros(count, dtype=np.int32),
        lines=np.zeros((max(count, 2) if keep_lines else 1, most if ranked or keep_lines else 0, WIDTH), np.float32),
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
        _answer_span(engine, _scratch(engine.tables), asked, span, found)
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


def _scratch(tables: Tables) -> Scratch:
    """Return this thread's working memory for tables of this size."""
    size = (len(tables.popularity), len(tables.sessions.age))
    held: dict[tuple[int, int], Scratch] | None = getattr(_local, "held", None)
    if held is None or size not in held:
        held = _local.held = {size: make_scratch(tables)}
    return held[size]
