"""Groups of readers, positions that are found and lost, and trimming: on the twins where a group forms at once."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from apps.tracking.contracts import PositionLost
from apps.tracking.stream.base import TABLE_GROUP
from specrec.kernel import clock
from specrec.kernel.errors import Unavailable
from tests.suites.stream.twins import Ability, Twin, able, first_chunk, make_record, opened, read_all

pytestmark = pytest.mark.django_db(transaction=True)
on_groups = pytest.mark.parametrize("twin", able(Ability.GROUPS), indirect=True)
on_trimming = pytest.mark.parametrize("twin", able(Ability.GROUPS, Ability.TRIMS), indirect=True)
LATER = timedelta(minutes=1)
STRANGE = ("kafka/0/17", "-1", "1:2:3", f"{2**70}", f"1:{2**63}", ":1")


@on_groups
class TestPositions:
    def test_a_position_is_where_another_reader_goes_on(self, twin: Twin) -> None:
        twin.stream.append([make_record(1), make_record(2)])
        _, tap = read_all(twin.stream, 2)
        twin.stream.append([make_record(3)])
        assert read_all(twin.stream, 1, positions=tap.positions)[0] == [b"payload 3"]

    def test_what_was_not_acknowledged_comes_again(self, twin: Twin) -> None:
        twin.stream.append([make_record(1)])
        assert read_all(twin.stream, 1)[0] == read_all(twin.stream, 1)[0] == [b"payload 1"]

    def test_groups_do_not_take_records_from_each_other(self, twin: Twin) -> None:
        twin.stream.append([make_record(1)])
        for group in ("one", "other"):
            with opened(twin.stream, group=group) as tap:
                assert tap.take(lambda _: True, 1) == [make_record(1)]

    def test_they_are_asked_for_what_is_assigned_before_the_first_record(self, twin: Twin) -> None:
        twin.stream.append([make_record(1)])
        asked: list[str] = []

        def find_positions(partitions: Sequence[str]) -> dict[str, str]:
            asked.extend(partitions)
            return {}

        reader = twin.stream.open(group="readers", find_positions=find_positions)
        assert asked == []
        chunk = first_chunk(reader)
        reader.close()
        assert set(chunk.positions) <= set(asked)
        assert len(asked) == len(set(asked))

    def test_what_the_owner_of_the_positions_raises_is_raised_and_the_reader_goes_on_later(self, twin: Twin) -> None:
        twin.stream.append([make_record(1)])
        failures = [Unavailable("away", code="test")]

        def find_positions(_: Sequence[str]) -> dict[str, str]:
            if failures:
                raise failures.pop()
            return {}

        reader = twin.stream.open(group="readers", find_positions=find_positions)
        with pytest.raises(Unavailable, match="away"):
            first_chunk(reader)
        chunk = first_chunk(reader)
        reader.close()
        assert chunk.records == [make_record(1)]


@on_groups
class TestLostPositions:
    @pytest.mark.parametrize("position", STRANGE)
    def test_what_is_no_position_of_this_stream_is_refused(self, twin: Twin, position: str) -> None:
        twin.stream.append([make_record(1)])
        _expect_lost(twin, position)

    def test_one_that_the_stream_has_not_reached_is_refused(self, twin: Twin) -> None:
        twin.stream.append([make_record(1)])
        _, tap = read_all(twin.stream, 1)
        (position,) = tap.positions.values()
        _expect_lost(twin, twin.ahead(position))


@on_trimming
class TestTrim:
    def test_what_the_table_has_not_acknowledged_stays(self, twin: Twin) -> None:
        twin.stream.append([make_record(1)])
        assert twin.stream.trim(before=clock.now() + LATER) == 0
        assert read_all(twin.stream, 1)[0] == [b"payload 1"]

    def test_what_one_known_group_has_not_acknowledged_stays(self, twin: Twin) -> None:
        twin.stream.append([make_record(1)])
        _, tap = read_all(twin.stream, 1)
        twin.stream.acknowledge(group=TABLE_GROUP, positions=tap.positions)
        assert twin.stream.trim(before=clock.now() + LATER) == 0

    def test_what_all_acknowledged_goes_and_the_rest_stays(self, twin: Twin) -> None:
        twin.stream.append([make_record(1), make_record(2), make_record(3)])
        positions = _acknowledge_first(twin, 2)
        assert twin.stream.trim(before=clock.now() + LATER) == 2
        assert read_all(twin.stream, 1)[0] == [b"payload 3"]
        assert read_all(twin.stream, 1, positions=positions)[0] == [b"payload 3"]

    def test_what_is_young_stays(self, twin: Twin) -> None:
        twin.stream.append([make_record(1)])
        _acknowledge_first(twin, 1)
        assert twin.stream.trim(before=clock.now() - LATER) == 0
        assert read_all(twin.stream, 1)[0] == [b"payload 1"]

    def test_a_position_before_what_was_trimmed_is_lost(self, twin: Twin) -> None:
        twin.stream.append([make_record(1), make_record(2), make_record(3)])
        with opened(twin.stream) as tap:
            tap.read(limit=1)
            old = dict(tap.positions)
        assert read_all(twin.stream, 2, positions=old)[0] == [b"payload 2", b"payload 3"]
        new = _acknowledge_first(twin, 2)
        assert twin.stream.trim(before=clock.now() + LATER) == 2
        _expect_lost(twin, *old.values())
        assert read_all(twin.stream, 1, positions=new)[0] == [b"payload 3"]

    def test_it_stays_lost_when_all_was_trimmed_and_nothing_is_left_to_trim(self, twin: Twin) -> None:
        twin.stream.append([make_record(1), make_record(2)])
        with opened(twin.stream) as tap:
            tap.read(limit=1)
            old = dict(tap.positions)
        _acknowledge_first(twin, 2)
        for _ in range(2):
            twin.stream.trim(before=clock.now() + LATER)
        _expect_lost(twin, *old.values())


def _acknowledge_first(twin: Twin, number: int) -> dict[str, str]:
    with opened(twin.stream) as tap:
        tap.read(limit=number)
    for group in (TABLE_GROUP, "readers"):
        twin.stream.acknowledge(group=group, positions=tap.positions)
    return tap.positions


def _expect_lost(twin: Twin, position: str) -> None:
    reader = twin.stream.open(group="readers", find_positions=lambda names: dict.fromkeys(names, position))
    with pytest.raises(PositionLost) as raised:
        first_chunk(reader)
    reader.close()
    assert (raised.value.code, raised.value.field) == ("position_lost", "position")
