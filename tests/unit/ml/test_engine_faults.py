"""What an engine does with numbers that nothing good can come of, as compiled loops do not look where they read."""

import numpy as np
import pytest

from apps.recommend.ml.engine import Engine, score
from apps.recommend.ml.engineparams import EngineParams
from apps.recommend.ml.fitting import Material, fit_engine
from apps.recommend.ml.gather import make_scratch
from apps.recommend.ml.paircounts import PairCounts, factors
from apps.recommend.ml.ranker import RankerParams
from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.tables import MixParams, make_mix, read_only

ITEMS, SEQUENCES, LENGTH = 60, 80, 8
HISTORY = np.arange(12, dtype=np.int32)


def fit(mix: MixParams) -> Engine:
    """Walks through items at random, which sessions and pairs are learned from."""
    item = np.random.default_rng(1).integers(ITEMS, size=SEQUENCES * LENGTH).astype(np.int32)
    sequence = np.repeat(np.arange(SEQUENCES, dtype=np.int32), LENGTH)
    events = Sequences(sequence, item, np.ones(len(item)), np.arange(len(item), dtype=np.float64))
    params = EngineParams(mix=mix, ranker=RankerParams(trees=0))
    return fit_engine(Material(events, events, None, ITEMS), params, seed=1).engine


class TestScore:
    def test_what_scores_no_number_is_not_answered(self) -> None:
        engine = fit(MixParams(candidates=5))
        popularity = np.full(ITEMS, np.nan, dtype=np.float32)
        popularity[[40, 41]] = 1.0
        broken = engine._replace(tables=engine.tables._replace(popularity=read_only(popularity)))
        assert set(score(broken, HISTORY).rows.tolist()) <= {40, 41}

    def test_sessions_that_are_hardly_near_are_met_once(self) -> None:
        engine = fit(MixParams(candidates=5, neighbours=0.1, neighbours_step=0.01, max_history=ITEMS))
        history = np.arange(ITEMS - 1, dtype=np.int32)
        scratch = make_scratch(engine.tables)
        found = score(engine, history)
        assert len(scratch.met) == SEQUENCES
        assert found.rows.tolist() == [ITEMS - 1]

    def test_a_fault_in_the_middle_does_not_reach_the_next_answer(self) -> None:
        engine = fit(MixParams(candidates=5, neighbours=0.1))
        before = score(engine, HISTORY)
        fault = engine._replace(mix=engine.mix._replace(neighbours_distance=0.0))
        with pytest.raises(ZeroDivisionError):
            score(fault, HISTORY)
        after = score(engine, HISTORY)
        assert after.rows.tolist() == before.rows.tolist()
        assert after.scores.tolist() == before.scores.tolist()


class TestMakeScratch:
    def test_nobody_leads_at_first(self) -> None:
        assert set(make_scratch(fit(MixParams()).tables).leader.tolist()) == {-1}


class TestMixParams:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("candidates", 0),
            ("max_history", -1),
            ("neighbours_newest", 0),
            ("neighbours_kept", -5),
            ("neighbours_step", 0.0),
            ("neighbours_age", -1.0),
            ("neighbours_distance", 0.0),
            ("history_decay", float("nan")),
            ("covisitation", float("inf")),
        ],
    )
    def test_refused(self, name: str, value: float) -> None:
        with pytest.raises(ValueError, match=name):
            make_mix(MixParams(**{name: value}))  # type: ignore[arg-type]  # a whole number for a count


class TestFactors:
    def test_nothing_and_a_little_less_weigh_nothing(self) -> None:
        sums = np.array([0.0, -1e-17, 4.0])
        nothing = np.empty(0, dtype=np.int32)
        zeros = np.zeros(3, dtype=np.int32)
        counts = PairCounts(zeros.astype(np.int64), zeros, nothing, np.empty(0, np.float32), sums, sums, 1.0, 1.0)
        rows, columns = factors(counts, row_exponent=0.5, column_exponent=0.5, smoothing=0.0)
        assert rows.tolist() == [0.0, 0.0, 0.5]
        assert columns.tolist() == [0.0, 0.0, 0.5]
