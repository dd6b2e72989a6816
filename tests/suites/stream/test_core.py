"""What every twin promises, run on all five."""

import pytest

from apps.tracking.stream.base import TABLE_GROUP, Record
from tests.suites.stream.twins import Ability, Tap, Twin, able, make_record, unique

pytestmark = pytest.mark.django_db(transaction=True)
on_all = pytest.mark.parametrize("twin", able(Ability.CORE), indirect=True)
on_those_with_ends = pytest.mark.parametrize("twin", able(Ability.CORE, Ability.ENDS), indirect=True)


@on_all
class TestAppend:
    def test_what_was_appended_is_read_as_it_was(self, twin: Twin, tap: Tap) -> None:
        record = Record("exposure", unique("bea"), b"\x00\xff\n\\N\t")
        twin.stream.append([record])
        assert tap.take(lambda one: one.key == record.key, 1) == [record]

    def test_order_of_a_key_is_kept_within_and_across_calls(self, twin: Twin, tap: Tap) -> None:
        key = unique("ada")
        twin.stream.append([make_record(1, key), make_record(2, key)])
        twin.stream.append([make_record(3, key)])
        assert tap.take(lambda one: one.key == key, 3) == [make_record(number, key) for number in (1, 2, 3)]

    def test_an_empty_call_appends_nothing(self, twin: Twin, tap: Tap) -> None:
        mark = make_record(1, unique("mark"))
        twin.stream.append([])
        twin.stream.append([mark])
        assert tap.take(lambda _: True, 1) == [mark]

    def test_many_records_of_many_keys_all_come_once(self, twin: Twin, tap: Tap) -> None:
        mark = unique("many")
        sent = [make_record(number, f"{mark} {number % 50}") for number in range(1_000)]
        twin.stream.append(sent)
        found = tap.take(lambda one: one.key.startswith(mark), 1_000)
        assert sorted(one.payload for one in found) == sorted(one.payload for one in sent)
        for key in {one.key for one in sent}:
            assert [one for one in found if one.key == key] == [one for one in sent if one.key == key]


@on_all
class TestRead:
    def test_nothing_new_gives_none(self, twin: Twin, tap: Tap) -> None:
        mark = make_record(1, unique("last"))
        twin.stream.append([mark])
        tap.take(lambda one: one == mark, 1)
        assert tap.reader.read(limit=10, wait=0.01) is None

    def test_a_limit_cuts_and_the_next_read_goes_on(self, twin: Twin, tap: Tap) -> None:
        key = unique("cut")
        twin.stream.append([make_record(number, key) for number in range(5)])
        first = tap.take(lambda one: one.key == key, 1, limit=2)
        later = tap.take(lambda one: one.key == key, 5 - len(first), limit=2)
        assert len(first) <= 2
        assert first + later == [make_record(number, key) for number in range(5)]

    def test_positions_name_the_partitions_that_records_came_from(self, twin: Twin, tap: Tap) -> None:
        key = unique("one")
        for number in range(3):
            twin.stream.append([make_record(number, key)])
        tap.positions.clear()
        tap.take(lambda one: one.key == key, 3)
        (position,) = tap.positions.values()
        assert 0 < len(position) < 100


@on_all
class TestAcknowledge:
    def test_a_group_that_never_did_has_no_positions(self, twin: Twin, tap: Tap) -> None:
        assert twin.stream.find_positions(group=unique("nobody")) == {}

    def test_positions_are_kept_by_partition(self, twin: Twin, tap: Tap) -> None:
        mark = unique("kept")
        twin.stream.append([make_record(number, f"{mark} {number}") for number in range(100)])
        tap.take(lambda one: one.key.startswith(mark), 100)
        twin.stream.acknowledge(group=tap.group, positions=tap.positions)
        assert twin.stream.find_positions(group=tap.group) == tap.positions

    def test_a_partition_that_is_not_named_stays(self, twin: Twin, tap: Tap) -> None:
        twin.stream.append([make_record(1, unique("stays"))])
        tap.take(lambda _: True, 1)
        twin.stream.acknowledge(group=tap.group, positions=tap.positions)
        twin.stream.acknowledge(group=tap.group, positions={})
        assert twin.stream.find_positions(group=tap.group) == tap.positions

    def test_it_never_goes_backwards(self, twin: Twin, tap: Tap) -> None:
        key = unique("forward")
        kept = []
        for number in range(2):
            twin.stream.append([make_record(number, key)])
            tap.positions.clear()
            tap.take(lambda one: one.key == key, 1)
            kept.append(dict(tap.positions))
        twin.stream.acknowledge(group=tap.group, positions=kept[1])
        twin.stream.acknowledge(group=tap.group, positions=kept[0])
        assert twin.stream.find_positions(group=tap.group) == kept[1]

    @pytest.mark.parametrize("position", ["", "nonsense", "-1", "1:2:3", "x:1", f"1:{2**63}"])
    def test_what_is_no_position_is_not_kept(self, twin: Twin, tap: Tap, position: str) -> None:
        twin.stream.append([make_record(1, unique("real"))])
        tap.take(lambda _: True, 1)
        twin.stream.acknowledge(group=tap.group, positions=tap.positions)
        twin.stream.acknowledge(group=tap.group, positions=dict.fromkeys(tap.positions, position))
        assert twin.stream.find_positions(group=tap.group) == tap.positions


@on_those_with_ends
class TestLag:
    def test_it_counts_what_a_group_has_not_acknowledged(self, twin: Twin, tap: Tap) -> None:
        mark = unique("lag")
        twin.stream.append([make_record(number, f"{mark} {number}") for number in range(100)])
        tap.take(lambda one: one.key.startswith(mark), 100)
        twin.stream.acknowledge(group=tap.group, positions=tap.positions)
        before = twin.stream.lag()
        twin.stream.append([make_record(number, mark) for number in range(3)])
        after = twin.stream.lag()
        assert (before[tap.group], after[tap.group]) == (0, 3)
        assert after[TABLE_GROUP] == before[TABLE_GROUP] + 3 >= 103

    def test_what_the_stream_has_not_reached_acknowledges_nothing(self, twin: Twin, tap: Tap) -> None:
        twin.stream.append([make_record(1, unique("real"))])
        tap.take(lambda _: True, 1)
        lost = {name: twin.ahead(position) for name, position in tap.positions.items()}
        twin.stream.acknowledge(group=tap.group, positions=lost)
        lag = twin.stream.lag()
        assert lag[tap.group] == lag[TABLE_GROUP] > 0

    def test_it_goes_back_to_a_real_one_from_what_the_stream_has_not_reached(self, twin: Twin, tap: Tap) -> None:
        twin.stream.append([make_record(1, unique("real"))])
        tap.take(lambda _: True, 1)
        lost = {name: twin.ahead(position) for name, position in tap.positions.items()}
        twin.stream.acknowledge(group=tap.group, positions=lost)
        twin.stream.acknowledge(group=tap.group, positions=tap.positions)
        assert twin.stream.find_positions(group=tap.group) == tap.positions
