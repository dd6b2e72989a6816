"""What the ranker sees of a candidate, by name, for histories small enough to count by hand."""

import numpy as np
import pytest

from apps.recommend.ml.covisitation import CovisitationParams
from apps.recommend.ml.engine import Engine, Histories, find
from apps.recommend.ml.engineparams import EngineParams, LatentParams
from apps.recommend.ml.fitting import Material, fit_tables
from apps.recommend.ml.neighbours import Neighbours
from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.signals import NAMES, WIDTH
from apps.recommend.ml.tables import MixParams, make_mix
from apps.recommend.ml.trees import no_trees

ITEMS = 5
CHAINS = ((0, 1), (0, 1), (0, 2), (3, 1), (4, 3))
ALIKE = Neighbours(
    indptr=np.array([0, 1, 1, 1, 2, 2], dtype=np.int32),
    indices=np.array([1, 1], dtype=np.int32),
    weights=np.array([0.5, 0.25], dtype=np.float32),
)


@pytest.fixture(scope="module")
def engine() -> Engine:
    """One step forward counts; nothing counts backward."""
    count = len(CHAINS)
    events = Sequences(
        sequence=np.repeat(np.arange(count, dtype=np.int32), 2),
        item=np.array(CHAINS, dtype=np.int32).ravel(),
        weight=np.ones(2 * count),
        time=np.arange(2 * count, dtype=np.float64),
    )
    params = EngineParams(
        covisitation=CovisitationParams(window=1, backward=0.0),
        latent=LatentParams(size=2, neighbours=2),
        mix=MixParams(candidates=ITEMS),
    )
    tables, _ = fit_tables(Material(events, events, ALIKE, ITEMS), params, seed=1)
    return Engine(tables, make_mix(params.mix), no_trees())


def said(engine: Engine, history: tuple[int, ...], row: int) -> dict[str, float]:
    """Return the numbers of one candidate by name."""
    rows = np.array(history, dtype=np.int32)
    answer = find(engine, Histories(np.array([0, len(rows)], dtype=np.int64), rows), keep_lines=True)
    place = answer.rows[0, : answer.size[0]].tolist().index(row)
    return dict(zip(NAMES, answer.lines[0, place].tolist(), strict=True))


class TestDescribe:
    def test_every_number_has_a_name_of_its_own(self) -> None:
        assert len(set(NAMES)) == len(NAMES) == WIDTH

    def test_counts_are_those_of_the_pairs_whatever_they_are_weighed_by(self, engine: Engine) -> None:
        line = said(engine, (0,), 1)
        assert line["count_last"] == pytest.approx(2.0)
        assert (line["count_second"], line["count_third"], line["count_back"]) == (0.0, 0.0, 0.0)
        assert line["count_among_followers"] == pytest.approx(1.0)

    def test_each_step_back_is_told_apart(self, engine: Engine) -> None:
        line = said(engine, (0, 3, 2), 1)
        assert line["count_last"] == 0.0
        assert line["count_second"] == pytest.approx(1.0)
        assert line["count_third"] == pytest.approx(2.0)
        assert line["covisitation_flat"] == pytest.approx(line["covisitation_second"] + line["covisitation_third"])

    def test_what_followed_the_candidate_is_counted_too(self, engine: Engine) -> None:
        line = said(engine, (1, 4), 3)
        assert line["count_last"] == pytest.approx(1.0)
        assert line["count_back"] == 0.0
        assert line["count_back_second"] == pytest.approx(1.0)

    def test_likeness_is_told_by_step_and_all_together(self, engine: Engine) -> None:
        line = said(engine, (3, 0), 1)
        assert (line["content_last"], line["content_second"], line["content_flat"]) == (0.5, 0.25, 0.75)
