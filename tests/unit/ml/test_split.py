"""Splits for evaluation."""

import numpy as np
import pytest

from apps.recommend.ml.split import (
    Questions,
    ask_by_time,
    leave_last_out,
    session_prefixes,
)


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


def plain(questions: Questions) -> list[tuple[list[int], int]]:
    return [(case.history.tolist(), case.target) for case in questions]


class TestLeaveLastOut:
    def test_strict_test_split(self) -> None:
        learned, cases = leave_last_out(ints(0, 0, 0, 0, 1, 1), ints(5, 6, 7, 8, 5, 6))
        assert learned.tolist() == [True, True, False, False, False, False]
        assert plain(cases) == [([5, 6, 7], 8)]

    def test_tuning_asks_for_the_one_before(self) -> None:
        _, cases = leave_last_out(ints(0, 0, 0, 0), ints(5, 6, 7, 8), tested=2)
        assert plain(cases) == [([5, 6], 7)]

    def test_whose_question_it_is(self) -> None:
        _, cases = leave_last_out(ints(3, 3, 3, 7, 9, 9, 9), ints(1, 2, 3, 4, 5, 6, 7))
        assert cases.sequence.tolist() == [3, 9]
        assert [str(part.dtype) for part in (cases.targets, cases.rows, cases.indptr)] == ["int32", "int32", "int64"]

    def test_no_target_is_learned_from(self) -> None:
        with pytest.raises(ValueError, match=r"3\. event"):
            leave_last_out(ints(0, 0, 0, 0), ints(5, 6, 7, 8), tested=3)

    def test_nothing(self) -> None:
        learned, cases = leave_last_out(ints(), ints())
        assert (len(learned), len(cases)) == (0, 0)


class TestSessionPrefixes:
    def test_every_event_but_the_first_is_asked_for(self) -> None:
        cases = session_prefixes(ints(0, 0, 0, 1, 2, 2), ints(5, 6, 5, 9, 8, 7))
        assert plain(cases) == [([5], 6), ([5, 6], 5), ([8], 7)]
        assert cases.sequence.tolist() == [0, 0, 2]

    def test_nothing(self) -> None:
        assert plain(session_prefixes(ints(), ints())) == []


class TestAskByTime:
    def test_history_before_and_first_new_item_after(self) -> None:
        time = np.array([1.0, 2.0, 9.0, 9.5, 3.0, 4.0, 9.0, 5.0, 6.0, 7.0])
        cut, cases = ask_by_time(
            ints(0, 0, 0, 0, 1, 1, 2, 3, 3, 3), ints(1, 2, 1, 3, 1, 2, 3, 1, 2, 3), time, share=0.3
        )
        assert cut == 9.0
        assert plain(cases) == [([1, 2], 3)]

    def test_a_sequence_that_begins_later_is_asked_for_its_first_other_item(self) -> None:
        time = np.array([1.0, 2.0, 3.0, 9.0, 9.1, 9.2, 9.3, 9.0, 9.1])
        cut, cases = ask_by_time(ints(0, 1, 2, 3, 3, 3, 3, 4, 4), ints(5, 5, 5, 1, 1, 2, 3, 4, 4), time, share=0.6)
        assert cut == 9.0
        assert plain(cases) == [([1, 1], 2)]

    def test_no_target_is_older_than_the_moment_and_no_history_is_younger_than_its_target(self) -> None:
        draw = np.random.default_rng(7)
        sequence = np.sort(draw.integers(0, 60, 400)).astype(np.int32)
        time = np.empty(400)
        for one in np.unique(sequence):  # each begins somewhere and goes on for a while
            mine = sequence == one
            time[mine] = draw.uniform(0, 100) + np.sort(draw.uniform(0, 20, mine.sum()))
        item = np.arange(400, dtype=np.int32)  # an item is an event, so that its time is known
        cut, cases = ask_by_time(sequence, item, time, share=0.3)
        begins = [time[case.history[0]] >= cut for case in cases]
        assert True in begins
        assert False in begins
        for case in cases:
            assert time[case.target] >= cut
            assert time[case.history].max() < time[case.target]
            assert set(sequence[case.history]) == {sequence[case.target]}

    def test_histories_have_the_weights_of_their_events(self) -> None:
        weight = np.array([2.0, 3.0, 1.0])
        time = np.array([1.0, 2.0, 9.0])
        _, (case,) = ask_by_time(ints(0, 0, 0), ints(5, 6, 7), time, share=0.3, weight=weight)
        assert case.weights is not None
        assert (case.history.tolist(), case.weights.tolist()) == ([5, 6], [2.0, 3.0])

    def test_without_weights_there_are_none(self) -> None:
        _, (case,) = ask_by_time(ints(0, 0, 0), ints(5, 6, 7), np.array([1.0, 2.0, 9.0]), share=0.3)
        assert case.weights is None

    def test_nothing(self) -> None:
        assert len(ask_by_time(ints(), ints(), np.empty(0), share=0.1)[1]) == 0


class TestQuestions:
    def test_some_of_them_in_another_order(self) -> None:
        weights = np.arange(1.0, 4.0)
        some = Questions(np.array([0, 1, 3]), ints(5, 6, 7), ints(8, 9), ints(0, 1), weights).take(np.array([1, 0]))
        assert plain(some) == [([6, 7], 9), ([5], 8)]
        assert some.weights is not None
        assert (some.weights.tolist(), some.sequence.tolist()) == ([2.0, 3.0, 1.0], [1, 0])

    def test_by_a_mask(self) -> None:
        questions = session_prefixes(ints(0, 0, 0), ints(5, 6, 7))
        assert plain(questions.take(questions.lengths > 1)) == [([5, 6], 7)]
