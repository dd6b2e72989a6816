"""Lists of a model, asked for items of the catalogue and answered in its rows."""

import numpy as np

from apps.recommend.columns import NO_ROWS, NOTHING, Candidates, Question, Shelf
from apps.recommend.ml.habits import Habits
from apps.recommend.ml.tables import Lists
from apps.recommend.shelves.choosing import may_answer

_CHUNK = 512  # rows of an order that are looked at together


def habits_of(shelf: Shelf) -> Habits | None:
    """Return the habits that the model knows; None without a model, or for one made before there were any."""
    return None if shelf.model is None else shelf.model.habits


def add_up(shelf: Shelf, lists: Lists, givers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what the lists of these rows of the catalogue name: rows of it, summed weights, and who gave most.

    Rows that the catalogue no longer has are left out; all three are parallel, rows ascend.
    """
    known = [(row, int(shelf.model_row[row])) for row in givers.tolist() if shelf.model_row[row] >= 0]
    parts = [(row, slice(int(lists.start[at]), int(lists.start[at] + lists.length[at]))) for row, at in known]
    if not parts:
        return NO_ROWS, np.empty(0, dtype=np.float32), NO_ROWS
    rows = shelf.column_row[np.concatenate([lists.indices[part] for _, part in parts])]
    weights = np.concatenate([lists.weights[part] for _, part in parts])
    gave = np.repeat([row for row, _ in parts], [part.stop - part.start for _, part in parts])
    order = np.lexsort((-weights, rows))
    rows, weights, gave = rows[order], weights[order], gave[order]
    first = np.ones(len(rows), dtype=np.bool_)
    first[1:] = rows[1:] != rows[:-1]
    summed = np.add.reduceat(weights, np.flatnonzero(first)) if len(rows) else weights
    kept = rows[first] >= 0
    return rows[first][kept], summed[kept], gave[first][kept].astype(np.int32)


def ranked(rows: np.ndarray, scores: np.ndarray, because: np.ndarray, question: Question) -> Candidates:
    """Return those that may be answered by falling score, each with the row that led to it."""
    kept = np.flatnonzero(may_answer(rows, question) & (scores > 0.0))
    if not len(kept):
        return NOTHING
    kept = kept[np.argsort(-scores[kept], kind="stable")][: question.limit]
    return Candidates(rows=rows[kept].astype(np.int32), scores=scores[kept].astype(np.float32), because=because[kept])


def first_of(shelf: Shelf, model_rows: np.ndarray, values: np.ndarray, question: Question) -> Candidates:
    """Return the first rows of an order of the model that may be answered, with their values; no more is looked at."""
    rows: list[np.ndarray] = []
    scores: list[np.ndarray] = []
    found = 0
    for start in range(0, len(model_rows), _CHUNK):
        part = shelf.column_row[model_rows[start : start + _CHUNK]]
        kept = np.flatnonzero(may_answer(part, question))[: question.limit - found]
        rows.append(part[kept])
        scores.append(values[start : start + _CHUNK][kept])
        found += len(kept)
        if found >= question.limit:
            break
    if not found:
        return NOTHING
    chosen = np.concatenate(rows).astype(np.int32)
    return Candidates(chosen, np.concatenate(scores).astype(np.float32), np.full(found, -1, dtype=np.int32))
