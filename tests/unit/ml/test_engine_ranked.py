"""How many of the candidates the ranker looks at, and what becomes of those behind."""

import numpy as np
import pytest

from apps.recommend.ml.engine import Engine, Histories, find, score
from apps.recommend.ml.selection import Allowed
from apps.recommend.ml.signals import NAMES
from apps.recommend.ml.tables import MixParams, make_mix, read_only
from apps.recommend.ml.trees import Trees
from tests.apps.recommend.small_engine import make_engine

ITEMS = 8
HISTORY = np.zeros(1, dtype=np.int32)
AFTER = tuple((0, row, float(ITEMS - row)) for row in range(1, ITEMS))  # by the blend 1, 2, 3 ... 7


def upside_down(*, ranked: int, candidates: int = 6) -> Engine:
    """A ranker to which only the third place and what stands behind it are worth anything."""
    engine = make_engine([0.0] * ITEMS, after=AFTER)
    trees = Trees(
        root=read_only(np.array([0], dtype=np.int32)),
        feature=read_only(np.array([NAMES.index("rank"), -1, -1], dtype=np.int16)),
        number=read_only(np.array([1.5, -2.0, 2.0], dtype=np.float32)),
        right=read_only(np.array([2, 0, 0], dtype=np.int32)),
    )
    mix = engine.mix._replace(candidates=candidates, ranked=ranked)
    return engine._replace(mix=mix, trees=trees)


class TestRanked:
    def test_none_named_means_all(self) -> None:
        assert score(upside_down(ranked=0), HISTORY).rows.tolist() == [3, 4, 5, 6, 1, 2]

    def test_those_behind_stay_behind_as_they_were(self) -> None:
        found = score(upside_down(ranked=4), HISTORY)
        assert found.rows.tolist() == [3, 4, 1, 2, 5, 6]
        assert found.scores.tolist() == pytest.approx([2.0, 2.0, -2.0, -2.0, -2.01, -2.02])

    def test_more_than_there_are_is_all(self) -> None:
        assert score(upside_down(ranked=50), HISTORY).rows.tolist() == [3, 4, 5, 6, 1, 2]

    def test_a_batch_is_answered_alike(self) -> None:
        engine = upside_down(ranked=4)
        found, one = find(engine, Histories(np.array([0, 1], dtype=np.int64), HISTORY)), score(engine, HISTORY)
        assert found.rows[0].tolist() == one.rows.tolist()
        assert found.scores[0].tolist() == one.scores.tolist()

    def test_lines_say_the_same_of_a_candidate_however_many_are_ranked(self) -> None:
        histories = Histories(np.array([0, 1], dtype=np.int64), HISTORY)
        plain, less = (
            find(upside_down(ranked=ranked)._replace(trees=make_engine([0.0]).trees), histories, keep_lines=True)
            for ranked in (0, 2)
        )
        assert np.array_equal(plain.lines, less.lines)

    @pytest.mark.parametrize("ranked", [-1, 1_000_001])
    def test_refused(self, ranked: int) -> None:
        with pytest.raises(ValueError, match="ranked"):
            make_mix(MixParams(ranked=ranked))


class TestScore:
    def test_as_many_as_asked_for(self) -> None:
        found = score(upside_down(ranked=4), HISTORY, limit=2)
        assert (found.rows.tolist(), found.because_row.tolist()) == ([3, 4], [0, 0])

    def test_more_asked_for_than_candidates_are_measured_against_as_many_as_ever(self) -> None:
        """What nobody brought together in training changes nothing in what the ranker sees."""
        few, many = upside_down(ranked=0, candidates=4), upside_down(ranked=0, candidates=4)
        assert score(many, HISTORY, limit=6).rows.tolist() == [3, 4, 5, 6, 1, 2]
        assert score(few, HISTORY).rows.tolist() == [3, 4, 1, 2]

    def test_rows_that_nobody_knows_are_left_out(self) -> None:
        engine = upside_down(ranked=4)
        strange = np.array([-1, 0, ITEMS, 99], dtype=np.int32)
        shares = np.array([9.0, 1.0, 9.0, 9.0], dtype=np.float32)
        assert score(engine, strange, shares=shares).rows.tolist() == score(engine, HISTORY).rows.tolist()
        assert score(engine, strange[[0, 2]]).rows.tolist() == []

    def test_as_places_of_whoever_asks(self) -> None:
        place = np.array([70, 10, -1, 30, 40, 50, 60, -1], dtype=np.int32)
        mask = np.ones(80, dtype=np.bool_)
        mask[40] = False
        allowed = Allowed(read_only(mask), read_only(place), np.array([60], dtype=np.int32))
        found = score(upside_down(ranked=0), HISTORY, allowed=allowed, placed=True)
        assert found.rows.tolist() == [50, 10, 30]
        assert found.because_row.tolist() == [70, 70, 70]
        assert found.scores.tolist() == pytest.approx([1 / (1 + np.exp(-2.0))] + [1 / (1 + np.exp(2.0))] * 2)

    def test_a_long_history_after_a_short_one(self) -> None:
        engine = upside_down(ranked=4)
        long = np.tile(np.arange(ITEMS, dtype=np.int32), 40)
        assert score(engine, long).rows.tolist() == []
        assert score(engine, HISTORY).rows.tolist() == [3, 4, 1, 2, 5, 6]
