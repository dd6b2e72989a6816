"""How often, ever and lately."""

import pytest

from apps.recommend.features import marks, tallies
from apps.recommend.features.state import Tally

T = 1_700_000_000.0


class TestAdd:
    def test_the_first(self) -> None:
        assert tallies.add(tallies.NONE, T) == Tally(1, 1.0, 1.0, 1.0, T)

    def test_half_is_left_after_a_half_life(self) -> None:
        found = tallies.add(Tally(1, 1.0, 1.0, 1.0, T), T + 3_600)
        assert (found.count, found.hour, found.at) == (2, 1.5, T + 3_600)
        assert found.day == pytest.approx(1 + 2 ** (-1 / 24))

    def test_a_late_one_counts_as_old_as_it_is(self) -> None:
        found = tallies.add(Tally(1, 1.0, 1.0, 1.0, T), T - 3_600)
        assert (found.count, found.hour, found.at) == (2, 1.5, T)

    def test_years_between_are_no_error(self) -> None:
        found = tallies.add(Tally(1, 1.0, 1.0, 1.0, T), T + 1e9)
        assert (found.count, found.hour) == (2, 1.0)


class TestAged:
    def test_sums_decay_and_the_count_stays(self) -> None:
        found = tallies.aged(Tally(4, 2.0, 2.0, 2.0, T), T + 86_400)
        assert (found.count, found.day, found.at) == (4, 1.0, T + 86_400)

    def test_not_before_the_newest(self) -> None:
        assert tallies.aged(Tally(4, 2.0, 2.0, 2.0, T), T - 10) == Tally(4, 2.0, 2.0, 2.0, T)


class TestTogether:
    def test_both_count_as_of_the_newer(self) -> None:
        found = tallies.together(Tally(1, 1.0, 1.0, 1.0, T), Tally(2, 2.0, 2.0, 2.0, T + 3_600))
        assert (found.count, found.hour, found.at) == (3, 2.5, T + 3_600)

    def test_nothing_adds_nothing(self) -> None:
        assert tallies.together(tallies.NONE, Tally(1, 1.0, 1.0, 1.0, T)) == Tally(1, 1.0, 1.0, 1.0, T)


class TestAddDay:
    def test_the_oldest_is_forgotten(self) -> None:
        days = dict.fromkeys(range(100, 164), 1)
        tallies.add_day(days, 200)
        assert (len(days), min(days), days[200]) == (64, 101, 1)

    def test_an_older_one_is_not_taken(self) -> None:
        days = dict.fromkeys(range(100, 164), 1)
        tallies.add_day(days, 50)
        assert (len(days), min(days)) == (64, 100)


class TestKnown:
    def test_only_whole_marks_count(self) -> None:
        kept = bytes(range(16))
        assert marks.known(kept, bytes(range(8))) is True
        assert marks.known(kept, bytes(range(8, 16))) is True
        assert marks.known(kept, bytes(range(4, 12))) is False

    def test_one_within_others_hides_none(self) -> None:
        kept = bytes([1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2])
        assert marks.known(kept, bytes([2] * 8)) is True

    def test_nothing_is_known_at_first(self) -> None:
        assert marks.known(b"", bytes(8)) is False
