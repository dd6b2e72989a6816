"""What bench.training is made of: events that are the same each time, and a comparison that sees a difference."""

from dataclasses import replace

import numpy as np

from apps.recommend.ml.covisitation import CovisitationParams
from apps.recommend.ml.pairtable import count
from bench.growth.synthetic import ITEMS, make_events
from bench.growth.twins import difference

EVENTS = make_events(2_000, items=1_000, seed=1)
TABLE = count(EVENTS, 1_000, CovisitationParams(window=2))


class TestMakeEvents:
    def test_the_same_seed_makes_the_same_events(self) -> None:
        again = make_events(2_000, items=1_000, seed=1)
        assert (again.item.tolist(), again.time.tolist()) == (EVENTS.item.tolist(), EVENTS.time.tolist())

    def test_another_seed_makes_others(self) -> None:
        assert make_events(2_000, items=1_000, seed=2).item.tolist() != EVENTS.item.tolist()

    def test_there_are_as_many_as_asked_for_and_all_have_a_row(self) -> None:
        assert len(EVENTS.item) == 2_000
        assert 0 <= EVENTS.item.min() <= EVENTS.item.max() < 1_000 < ITEMS

    def test_sequences_lie_together_and_go_forward_in_time(self) -> None:
        same = np.diff(EVENTS.sequence) == 0
        assert (np.diff(EVENTS.sequence) >= 0).all()
        assert (np.diff(EVENTS.time)[same] >= 0).all()


class TestDifference:
    def test_a_table_does_not_differ_from_itself(self) -> None:
        assert difference(TABLE, TABLE) == 0.0

    def test_the_largest_one_is_told(self) -> None:
        counts = TABLE.counts.copy()
        counts[0] *= np.float32(1.5)
        assert difference(TABLE, replace(TABLE, counts=counts)) == 0.5

    def test_other_pairs_are_no_rounding(self) -> None:
        assert difference(TABLE, replace(TABLE, indices=TABLE.indices[::-1])) == -1.0
