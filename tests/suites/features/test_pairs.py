"""What followed what in a session, as amounts to add."""

from apps.recommend.features import pairs
from apps.recommend.features.state import Touch
from tests.suites.features.samples import ANNA, NOW_SECONDS, SITE, applied, counted, event

DAY = int(NOW_SECONDS // 86_400)


def touch(mark: int, item: str, *, session: int = 1, kind: str = "view") -> Touch:
    return Touch(item, kind, NOW_SECONDS + mark, mark, session)


class TestOfNewest:
    def test_the_nearest_different_items_weigh_most(self) -> None:
        before = [touch(number, item) for number, item in enumerate("edcba", start=1)]
        found = pairs.of_newest(before, touch(9, "z"))
        assert found == [((DAY, "e", "z"), 8), ((DAY, "d", "z"), 4), ((DAY, "c", "z"), 2), ((DAY, "b", "z"), 1)]

    def test_repeated_ones_and_the_item_itself_are_passed_over(self) -> None:
        before = [touch(number, item) for number, item in enumerate("zaabza", start=1)]
        assert pairs.of_newest(before, touch(9, "z")) == [((DAY, "a", "z"), 8), ((DAY, "b", "z"), 4)]

    def test_other_sessions_play_no_part(self) -> None:
        assert pairs.of_newest([touch(1, "a", session=2)], touch(9, "z")) == []


class TestDifference:
    def test_a_late_one_moves_the_ranks_after_it(self) -> None:
        before = [touch(1, "a"), touch(5, "c")]
        after = [touch(1, "a"), touch(3, "b"), touch(5, "c")]
        assert sorted(pairs.difference(before, after)) == [
            ((DAY, "a", "b"), 8),
            ((DAY, "a", "c"), -4),
            ((DAY, "b", "c"), 8),
        ]

    def test_no_session_makes_no_pairs(self) -> None:
        assert pairs.difference([touch(1, "a", session=0)], [touch(1, "a", session=0), touch(2, "b", session=0)]) == []

    def test_nothing_changed_adds_nothing(self) -> None:
        assert pairs.difference([touch(1, "a"), touch(2, "b")], [touch(1, "a"), touch(2, "b")]) == []


class TestInEvents:
    def test_a_session_is_counted_by_the_earlier_item(self) -> None:
        counts = applied([event(1, "a", minutes=3), event(2, "b", minutes=2), event(3, "c", minutes=1)]).counts
        assert counted(counts, "pairs") == {f"d{DAY}:a": {"b": 8, "c": 4}, f"d{DAY}:b": {"c": 8}}

    def test_what_is_taken_back_is_taken_out(self) -> None:
        put = event(2, "b", "add_to_cart", minutes=2)
        removed = event(3, "b", "remove_from_cart", minutes=1)
        changes = applied([event(1, "a", minutes=3)], [put], [removed])
        assert counted(changes.counts, "pairs") == {}

    def test_what_is_dismissed_is_taken_out(self) -> None:
        changes = applied([event(1, "a", minutes=3), event(2, "b", minutes=2)], [event(3, "a", "dismiss", minutes=1)])
        assert counted(changes.counts, "pairs") == {}

    def test_whoever_comes_back_after_a_dismissal_counts_again(self) -> None:
        first = [event(1, "a", minutes=5), event(2, "b", minutes=4), event(3, "a", "dismiss", minutes=3)]
        changes = applied(first, [event(4, "a", minutes=2)])
        assert counted(changes.counts, "pairs") == {f"d{DAY}:b": {"a": 8}}

    def test_a_late_one_dismissed_since_adds_nothing(self) -> None:
        first = [event(1, "a", minutes=5), event(3, "b", "dismiss", minutes=1)]
        changes = applied(first, [event(2, "b", minutes=4)])
        assert counted(changes.counts, "pairs") == {}

    def test_impressions_searches_and_poor_ratings_make_none(self) -> None:
        changes = applied([
            event(1, "a", minutes=5), event(2, "b", "impression"), event(3, None, "search"),
            event(4, "c", "rate", rating=1.0),
        ])  # fmt: skip
        assert counted(changes.counts, "pairs") == {}

    def test_old_days_are_left_out(self) -> None:
        old = 16 * 1_440
        changes = applied([event(1, "a", minutes=old + 1), event(2, "b", minutes=old)])
        assert counted(changes.counts, "pairs") == {}

    def test_what_left_the_window_keeps_its_pairs(self) -> None:
        events = [event(number, f"item-{number}", minutes=200 - number) for number in range(1, 80)]
        changes = applied(*([one] for one in events))
        assert len(changes.states[(SITE, ANNA)].recent) == 50
        assert counted(changes.counts, "pairs")[f"d{DAY}:item-1"] == {
            "item-2": 8, "item-3": 4, "item-4": 2, "item-5": 1,
        }  # fmt: skip
