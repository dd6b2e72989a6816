"""Where the right answers stand, and the figures of a table made of that."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from apps.recommend.ml.metrics import mrr, ndcg, recall
from bench.offline.data import Questions

DEPTHS = (5, 10, 20)
SHOWN = 10
BLOCK = 256

# Histories (ones, float32 [n, items]) and the rows that they were learned from as (-1: somebody new) -> scores, float32
# [n, items]; -inf: not offered.
Scorer = Callable[[sparse.csr_matrix, NDArray[np.int64]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Answers:
    """better, tied: int64 [n], how many candidates score above the target and as it does; better is -1 where it is not
    offered. shown: bool [items], what was among the first ten of anybody.
    """

    better: NDArray[np.int64]
    tied: NDArray[np.int64]
    shown: NDArray[np.bool_]


def histories_of(questions: Questions, n_items: int) -> sparse.csr_matrix:
    """Return the histories as a matrix of ones, float32 [questions, items]."""
    data = np.ones(len(questions.rows), dtype=np.float32)
    shape = (len(questions), n_items)
    matrix = sparse.csr_matrix((data, questions.rows, questions.indptr), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def answer_dense(scorer: Scorer, questions: Questions, n_items: int) -> Answers:
    """Ask a method that scores every item at once; blocks of questions bound the memory."""
    histories = histories_of(questions, n_items)
    better = np.full(len(questions), -1, dtype=np.int64)
    tied = np.zeros(len(questions), dtype=np.int64)
    shown = np.zeros(n_items, dtype=np.bool_)
    for start in range(0, len(questions), BLOCK):
        block = histories[start : start + BLOCK]
        numbers = np.arange(start, start + block.shape[0]) if questions.learned else np.full(block.shape[0], -1)
        scores = np.array(scorer(block, numbers), dtype=np.float32)
        if questions.exclude_history:
            scores[block.nonzero()] = -np.inf
        better[start : start + BLOCK], tied[start : start + BLOCK] = places(
            scores, questions.targets[start : start + BLOCK]
        )
        shown |= shown_in(scores)
    return Answers(better, tied, shown)


def places(scores: NDArray[np.float32], targets: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (better, tied) of the targets; -1 in better where the target scores -inf or is -1."""
    own = scores[np.arange(len(targets)), np.maximum(targets, 0)][:, None]
    above = np.count_nonzero(scores > own, axis=1)
    level = np.count_nonzero(scores == own, axis=1) - 1
    offered = (targets >= 0) & np.isfinite(own[:, 0])
    return np.where(offered, above, -1), np.where(offered, level, 0)


def shown_in(scores: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which items are among the ten best of a row, bool [items]."""
    kept = min(SHOWN, scores.shape[1])
    best = np.argpartition(-scores, kept - 1, axis=1)[:, :kept]
    offered = np.isfinite(np.take_along_axis(scores, best, axis=1))
    shown = np.zeros(scores.shape[1], dtype=np.bool_)
    shown[best[offered]] = True
    return shown


def figures(answers: Answers) -> dict[str, float]:
    """Return recall and NDCG at 5, 10, 20 (one target each, so recall is the hit rate), MRR@20 and coverage@10.

    What is not offered is a miss; a tie counts as the mean over its orders.
    """
    better, tied = answers.better, answers.tied
    asked = max(len(better), 1)
    table: dict[str, float] = {}
    for depth in DEPTHS:
        table[f"recall@{depth}"] = recall(better, tied, depth).sum() / asked
        table[f"ndcg@{depth}"] = ndcg(better, tied, depth).sum() / asked
    table["mrr@20"] = mrr(better, tied, DEPTHS[-1]).sum() / asked
    table["coverage@10"] = answers.shown.mean() if len(answers.shown) else 0.0
    return {key: round(float(value), 5) for key, value in table.items()}
