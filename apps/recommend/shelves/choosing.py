"""Of what a source has in mind, what may be answered, best first."""

import numpy as np

from apps.recommend.columns import NOTHING, Candidates, Question


def may_answer(rows: np.ndarray, question: Question) -> np.ndarray:
    """Return which of the rows (int32 [k]) may be answered, bool [k]; -1 may not."""
    found = (rows >= 0) & question.mask[rows]
    banned = question.banned
    if len(banned):
        place = np.minimum(np.searchsorted(banned, rows), len(banned) - 1)
        found &= banned[place] != rows
    return np.asarray(found)


def best(rows: np.ndarray, scores: np.ndarray, question: Question, *, because: int = -1) -> Candidates:
    """Return those that may be answered by falling score, ties in the given order; each row is given once.

    because: the row that led to all of them
    """
    kept = np.flatnonzero(may_answer(rows, question) & (scores > 0.0))
    if not len(kept):
        return NOTHING
    kept = kept[np.argsort(-scores[kept], kind="stable")][: question.limit]
    return Candidates(
        rows=rows[kept].astype(np.int32),
        scores=scores[kept].astype(np.float32),
        because=np.full(len(kept), because, dtype=np.int32),
    )


def falling(rows: list[int], because: list[int]) -> Candidates:
    """Return rows that are chosen and in order already, with scores that fall along them."""
    if not rows:
        return NOTHING
    scores = np.linspace(1.0, 0.0, len(rows), endpoint=False, dtype=np.float32)
    return Candidates(rows=np.array(rows, dtype=np.int32), scores=scores, because=np.array(because, dtype=np.int32))
