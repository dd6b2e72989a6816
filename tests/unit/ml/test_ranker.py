"""What the ranker learns from: which candidates are drawn, and for how many others each stands."""

import numpy as np

from apps.recommend.ml.engine import Found
from apps.recommend.ml.ranker import Lesson, RankerParams, join, make_lesson
from apps.recommend.ml.signals import WIDTH

CANDIDATES = 10


def found(questions: int, size: int) -> Found:
    """Every question has the candidates 0, 1, 2 … in this order; the first number of a line says which it is."""
    rows = np.tile(np.arange(CANDIDATES, dtype=np.int32), (questions, 1))
    lines = np.zeros((questions, CANDIDATES, WIDTH), dtype=np.float32)
    lines[:, :, 0] = rows
    sizes = np.full(questions, size, dtype=np.int32)
    return Found(rows=rows, scores=-rows.astype(np.float32), size=sizes, lines=lines)


def lesson(*, negatives: int, targets: tuple[int, ...] = (7,), size: int = CANDIDATES) -> Lesson:
    params = RankerParams(negatives=negatives)
    wanted = np.array(targets, dtype=np.int32)
    return make_lesson(found(len(targets), size), wanted, params, np.random.default_rng(3))


class TestMakeLesson:
    def test_every_candidate_is_told_where_none_are_drawn(self) -> None:
        told = lesson(negatives=0)
        assert told.lines[:, 0].tolist() == list(range(CANDIDATES))
        assert told.weight.tolist() == [1.0] * CANDIDATES
        assert np.flatnonzero(told.right).tolist() == [7]

    def test_the_best_placed_are_kept_and_the_drawn_ones_stand_for_the_others(self) -> None:
        told = lesson(negatives=4)
        rows, weight = told.lines[:, 0].astype(int).tolist(), told.weight.tolist()
        assert rows[:2] == [0, 1]
        assert weight[:2] == [1.0, 1.0]
        assert 7 in rows
        assert weight[rows.index(7)] == 1.0
        assert sorted(weight)[-2:] == [3.5, 3.5]
        assert sum(weight) == CANDIDATES

    def test_fewer_candidates_than_would_be_drawn_are_all_kept(self) -> None:
        told = lesson(negatives=8, targets=(2,), size=4)
        assert told.lines[:, 0].tolist() == [0, 1, 2, 3]
        assert told.weight.tolist() == [1.0] * 4

    def test_a_question_whose_answer_is_no_candidate_teaches_nothing(self) -> None:
        told = lesson(negatives=0, targets=(7, 4), size=5)
        assert told.questions == 1
        assert np.flatnonzero(told.right).tolist() == [4]


class TestJoin:
    def test_lessons_follow_each_other(self) -> None:
        both = join([lesson(negatives=0), lesson(negatives=4)])
        assert (both.questions, int(both.right.sum())) == (2, 2)
        assert both.weight.sum() == 2 * CANDIDATES

    def test_no_lesson_is_an_empty_one(self) -> None:
        assert (join([]).questions, len(join([]).lines), len(join([]).weight)) == (0, 0, 0)
