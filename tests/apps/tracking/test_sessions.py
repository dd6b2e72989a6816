"""Which visit an event belongs to: silence, midnight, campaigns, and what comes late."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from apps.tracking.steps.sessions import KEPT, Days, Limits, Moment, Session, milliseconds, session_id, stitch

GAP = timedelta(minutes=30)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ADA = UUID("0b5c0ed8-6f64-4b39-8c7e-8f3b1d3c8a11")
Told = tuple[timedelta, str | None]


def limits(*, gap: timedelta = GAP, zone: str | None = "Europe/London", by_campaign: bool = True) -> Limits:
    return Limits(milliseconds(datetime(1970, 1, 1, tzinfo=UTC) + gap), Days(zone) if zone else None, by_campaign)


def after(seconds: float = 0, campaign: str | None = None, *, start: datetime = NOON) -> Moment:
    return Moment(milliseconds(start + timedelta(seconds=seconds)), campaign)


def groups(moments: list[Moment], given: Limits | None = None, known: list[Session] | None = None) -> list[int]:
    """Return for each moment the number of its session, counted in order of sight."""
    found, _ = stitch(known or [], moments, given or limits())
    names: dict[int, int] = {}
    return [names.setdefault(one.name, len(names)) for one in found]


TOGETHER: dict[str, tuple[list[Moment], Limits, list[int]]] = {
    "one event": ([after()], limits(), [0]),
    "nothing": ([], limits(), []),
    "the same moment": ([after(), after()], limits(), [0, 0]),
    "a moment before the gap ends": ([after(), after(1_799.999)], limits(), [0, 0]),
    "exactly the gap is silence enough": ([after(), after(1_800)], limits(), [0, 1]),
    "each event prolongs": ([after(), after(1_700), after(3_400)], limits(), [0, 0, 0]),
    "another gap": ([after(), after(59), after(120)], limits(gap=timedelta(minutes=1)), [0, 0, 1]),
    "out of order": ([after(3_400), after(), after(1_700)], limits(), [0, 0, 0]),
    "out of order across silence": ([after(4_000), after()], limits(), [0, 1]),
    "by a campaign": ([after(), after(60, "spring"), after(120, "spring")], limits(), [0, 1, 1]),
    "by another campaign": ([after(0, "spring"), after(60, "summer")], limits(), [0, 1]),
    "back without a campaign": ([after(0, "spring"), after(60)], limits(), [0, 0]),
    "back by the first campaign": (
        [after(0, "a"), after(60, "b"), after(120, "a"), after(180)],
        limits(),
        [0, 1, 2, 2],
    ),
    "campaigns that do not matter": ([after(0, "spring"), after(60, "summer")], limits(by_campaign=False), [0, 0]),
}


class TestStitch:
    @pytest.mark.parametrize(("moments", "given", "expected"), TOGETHER.values(), ids=TOGETHER)
    def test_a_batch(self, moments: list[Moment], given: Limits, expected: list[int]) -> None:
        assert groups(moments, given) == expected

    def test_what_is_known_stays_as_it_was(self) -> None:
        known = [Session(1, 1_000, 2_000, None)]
        stitch(known, [Moment(3_000, None)], limits())
        assert known == [Session(1, 1_000, 2_000, None)]

    def test_the_batch_goes_on_from_what_is_known(self) -> None:
        (first,), known = stitch([], [after()], limits())
        (second,), newest = stitch(known, [after(600)], limits())
        assert (second.name, newest) == (first.name, [Session(first.name, after().at, after(600).at, None)])

    def test_a_late_event_joins_the_session_that_it_falls_into(self) -> None:
        known = [Session(10, after().at, after(600).at, "spring"), Session(20, after(9_000).at, after(9_600).at, None)]
        found, newest = stitch(known, [after(300, "summer")], limits())
        assert ([one.name for one in found], newest) == ([10], known)

    def test_a_late_event_joins_the_session_that_it_began(self) -> None:
        known = [Session(after(600).at // 1_000, after(600).at, after(700).at, None)]
        found, newest = stitch(known, [after(0, "spring")], limits())
        assert found == newest == [Session(after(600).at // 1_000, after().at, after(700).at, "spring")]

    def test_between_two_sessions_it_goes_on_with_the_earlier(self) -> None:
        known = [Session(10, after().at, after().at, None), Session(20, after(3_000).at, after(3_000).at, None)]
        found, newest = stitch(known, [after(1_500)], limits())
        assert ([one.name for one in found], [one.last for one in newest]) == ([10], [after(1_500).at, after(3_000).at])

    def test_a_late_event_does_not_reach_over_a_session_between(self) -> None:
        known = [Session(10, after(60).at, after(60).at, "a"), Session(20, after(120).at, after(120).at, "b")]
        found, newest = stitch(known, [after(0, "b")], limits())
        assert (found[0].name, newest[1:]) == (after().at // 1_000, known)

    def test_an_event_of_long_ago_has_a_session_of_its_own(self) -> None:
        known = [Session(20, after(90_000).at, after(90_000).at, None)]
        found, newest = stitch(known, [after()], limits())
        assert [one.name for one in newest] == [found[0].name, 20]

    def test_only_the_newest_are_kept(self) -> None:
        found, newest = stitch([], [after(hour * 3_600) for hour in range(KEPT + 2)], limits(zone=None))
        assert newest == found[-KEPT:]


def moments_at(*times: str) -> list[Moment]:
    return [Moment(milliseconds(datetime.fromisoformat(time)), None) for time in times]


MIDNIGHTS: dict[str, tuple[str | None, list[Moment], list[int]]] = {
    "winter": ("Europe/London", moments_at("2026-01-10T23:59:59Z", "2026-01-11T00:00:00Z"), [0, 1]),
    "in summer it is at 23 UTC": ("Europe/London", moments_at("2026-07-10T22:59:00Z", "2026-07-10T23:00:00Z"), [0, 1]),
    "in summer not at 0 UTC": ("Europe/London", moments_at("2026-07-10T23:50:00Z", "2026-07-11T00:10:00Z"), [0, 0]),
    "the day that summer begins": ("Europe/London", moments_at("2026-03-28T23:50:00Z", "2026-03-29T00:10:00Z"), [0, 1]),
    "the night that loses an hour": (
        "Europe/London",
        moments_at("2026-03-29T00:50:00Z", "2026-03-29T01:10:00Z", "2026-03-29T22:50:00Z", "2026-03-29T23:10:00Z"),
        [0, 0, 1, 2],
    ),
    "the night that has an hour twice": (
        "Europe/London",
        moments_at("2026-10-25T00:40:00Z", "2026-10-25T01:05:00Z", "2026-10-25T23:40:00Z", "2026-10-26T00:05:00Z"),
        [0, 0, 1, 2],
    ),
    "another zone": ("Asia/Tokyo", moments_at("2026-01-10T14:50:00Z", "2026-01-10T15:10:00Z"), [0, 1]),
    "a site that does not mind": (None, moments_at("2026-01-10T23:59:59Z", "2026-01-11T00:00:00Z"), [0, 0]),
}


class TestMidnight:
    @pytest.mark.parametrize(("zone", "moments", "expected"), MIDNIGHTS.values(), ids=MIDNIGHTS)
    def test_it_ends_a_session(self, zone: str | None, moments: list[Moment], expected: list[int]) -> None:
        assert groups(moments, limits(zone=zone)) == expected

    def test_a_late_event_of_yesterday_does_not_join_today(self) -> None:
        before, behind = moments_at("2026-01-10T23:50:00Z", "2026-01-11T00:05:00Z")
        assert groups([behind, before]) == [0, 1]


class TestSessionId:
    def test_it_is_short_and_always_the_same(self) -> None:
        first, second = Session(1_000, 1_000_000, 1_000_001, None), Session(1_000, 0, 5_000_000, "spring")
        assert session_id(ADA, first) == session_id(ADA, second)
        assert len(session_id(ADA, first)) == 16

    def test_shoppers_and_seconds_tell_sessions_apart(self) -> None:
        one, other = Session(1_000, 0, 0, None), Session(1_001, 0, 0, None)
        assert len({session_id(ADA, one), session_id(ADA, other), session_id(UUID(int=1), one)}) == 3
