"""Live pairs: counts with what changed are counts of all, whatever changed."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.recommend.ml.livepairs import changes_of
from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.ml.pairgrowth import Growing, add
from apps.recommend.ml.pairtable import count
from tests.unit.ml.pair_samples import PARAMS, Event, matrix, random_events, sequences_of

ITEMS = 5
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, ITEMS - 1),
        st.sampled_from([0.0, 1.0, 2.0, 3.0]),
        st.integers(0, 30).map(lambda step: step * 900.0),
    ),
    max_size=40,
    unique_by=lambda event: (event[0], event[3]),
)


def _ordered(events: list[Event]) -> list[Event]:
    return sorted(events, key=lambda event: (event[0], event[3]))


def _assert_equal(found: PairCounts, expected: PairCounts) -> None:
    assert np.allclose(matrix(found), matrix(expected), rtol=1e-5, atol=1e-5)
    assert np.allclose(found.row_sums, expected.row_sums)
    assert np.allclose(found.column_sums, expected.column_sums)
    assert np.isclose(found.step_sum, expected.step_sum)
    assert found.step_count == expected.step_count
    assert int(found.length.sum()) == int(expected.length.sum())


class TestChangesOf:
    """Of `changes_of`, with `Growing`."""

    @given(old=EVENTS, new=EVENTS)
    @settings(max_examples=150, deadline=None)
    def test_any_change_is_a_refit(self, old: list[Event], new: list[Event]) -> None:
        """Events added late, taken away, weighed otherwise: all of them at once."""
        before, after = sequences_of(_ordered(old)), sequences_of(_ordered(new))
        change = changes_of(before=before, after=after, n_items=ITEMS, params=PARAMS)
        _assert_equal(add(count(before, ITEMS, PARAMS), change), count(after, ITEMS, PARAMS))

    @given(events=EVENTS, order=st.randoms(use_true_random=False))
    @settings(max_examples=40, deadline=None)
    def test_one_by_one_in_any_order_is_a_refit(self, events: list[Event], order: "np.random.Generator") -> None:
        """What comes late, too, ends where counting all ends."""
        shuffled = list(events)
        order.shuffle(shuffled)
        growing = Growing(count(sequences_of([]), ITEMS, PARAMS))
        for number in range(len(shuffled)):
            before, after = (sequences_of(_ordered(shuffled[:size])) for size in (number, number + 1))
            growing.add(changes_of(before=before, after=after, n_items=ITEMS, params=PARAMS))
        _assert_equal(growing.latest, count(sequences_of(_ordered(events)), ITEMS, PARAMS))

    def test_what_only_changes_the_unit_keeps_every_pair(self) -> None:
        """A step that weighs nothing makes no pair, and is a step all the same."""
        old: list[Event] = [(0, 1, 0.0, 0.0), (0, 0, 1.0, 4500.0)]
        before, after = sequences_of(old), sequences_of([(0, 0, 0.0, 0.0), (0, 1, 0.0, 900.0), (0, 0, 1.0, 5400.0)])
        change = changes_of(before=before, after=after, n_items=ITEMS, params=PARAMS)
        assert (len(change.row), change.step_count) == (0, 1.0)
        _assert_equal(add(count(before, ITEMS, PARAMS), change), count(after, ITEMS, PARAMS))

    def test_merged_shoppers_are_a_refit(self) -> None:
        """Two sequences become one, in the order of time."""
        one: list[Event] = [(0, 0, 1.0, 0.0), (0, 1, 1.0, 20.0)]
        other: list[Event] = [(1, 2, 1.0, 10.0), (1, 3, 2.0, 30.0)]
        merged = sequences_of(_ordered([(0, *event[1:]) for event in one + other]))
        apart = sequences_of(one + other)
        change = changes_of(before=apart, after=merged, n_items=ITEMS, params=PARAMS)
        _assert_equal(add(count(apart, ITEMS, PARAMS), change), count(merged, ITEMS, PARAMS))

    def test_the_same_changes_nothing(self) -> None:
        """Not one pair."""
        events = random_events(3, 60)
        change = changes_of(before=events, after=events, n_items=12, params=PARAMS)
        assert (len(change.row), change.step_sum, change.step_count) == (0, 0.0, 0.0)

    def test_one_event_at_the_end_touches_the_window_only(self) -> None:
        """Both directions of the three pairs that it ends."""
        events: list[Event] = [(0, item, 1.0, float(item)) for item in range(9)]
        change = changes_of(before=sequences_of(events[:-1]), after=sequences_of(events), n_items=9, params=PARAMS)
        pairs = list(zip(change.row.tolist(), change.column.tolist(), change.value.tolist(), strict=True))
        assert pairs == [(5, 8, 0.25), (6, 8, 0.5), (7, 8, 1.0), (8, 5, 0.0625), (8, 6, 0.125), (8, 7, 0.25)]


class TestGrowing:
    """Of `Growing` and `add`."""

    def test_older_tables_stay(self) -> None:
        """What was returned once never changes, also when room runs out."""
        parts = [random_events(seed, 200) for seed in range(5)]
        growing = Growing(count(sequences_of([]), 12, PARAMS))
        kept, seen = [], []
        for before, after in zip([sequences_of([]), *parts], parts, strict=False):
            kept.append(growing.add(changes_of(before=before, after=after, n_items=12, params=PARAMS)))
            seen.append(matrix(kept[-1]))
        assert [matrix(table).tolist() for table in kept] == [dense.tolist() for dense in seen]
        _assert_equal(kept[-1], count(parts[-1], 12, PARAMS))

    def test_added_to_one_table_twice(self) -> None:
        """Two lines of tables do not write into each other."""
        base = count(random_events(1, 100), 12, PARAMS)
        empty = sequences_of([])
        one, other = (
            add(base, changes_of(before=empty, after=random_events(seed, 50), n_items=12, params=PARAMS))
            for seed in (2, 3)
        )
        assert not np.allclose(matrix(one), matrix(other))
        assert np.allclose(matrix(one) - matrix(base), matrix(count(random_events(2, 50), 12, PARAMS)), atol=1e-5)

    def test_room_does_not_grow_with_additions(self) -> None:
        """Rows that were replaced are left behind."""
        growing = Growing(count(random_events(1, 3_000, items=40), 40, PARAMS))
        used = int(growing.latest.length.sum())
        empty, one = sequences_of([]), random_events(2, 30, items=40)
        for number in range(300):
            before, after = (one, empty) if number % 2 else (empty, one)
            growing.add(changes_of(before=before, after=after, n_items=40, params=PARAMS))
        assert len(growing.latest.indices) <= 1.5 * used + 2 * 65_536

    def test_nothing_added_is_the_same_table(self) -> None:
        """Not another one."""
        growing = Growing(count(random_events(1, 50), 12, PARAMS))
        one = random_events(2, 20)
        before = growing.latest
        assert growing.add(changes_of(before=one, after=one, n_items=12, params=PARAMS)) is before
