"""The suite that defines the port of the event stream, run on every twin."""

from datetime import timedelta

import pytest

from apps.tracking.contracts import PositionLost
from apps.tracking.stream.base import TABLE_GROUP, Record, Stream
from apps.tracking.stream.choice import TWINS
from specrec.kernel import clock

pytestmark = pytest.mark.django_db(transaction=True)
LATER = timedelta(minutes=1)
STRANGE = ("kafka/0/17", "-1", "1:2:3", "x:1", f"{2**70}", f"{2**63}:1", f"1:{2**63}")


@pytest.fixture(params=sorted(TWINS))
def stream(request: pytest.FixtureRequest) -> Stream:
    return TWINS[request.param]()


def record(number: int, key: str = "ada") -> Record:
    return Record("event", key, f"payload {number}".encode())


def read_all(stream: Stream, position: str | None = None, limit: int = 100) -> tuple[list[bytes], str | None]:
    reader = stream.open(group="readers", position=position)
    found: list[bytes] = []
    while (chunk := reader.read(limit=limit, wait=0.0)) is not None:
        found += [one.payload for one in chunk.records]
        position = chunk.position
    reader.close()
    return found, position


class TestAppend:
    def test_what_was_appended_is_read_as_it_was(self, stream: Stream) -> None:
        stream.append([Record("exposure", "bea", b"\x00\xff\n\\N\t")])
        chunk = stream.open(group="readers", position=None).read(limit=10, wait=0.0)
        assert chunk is not None
        assert chunk.records == [Record("exposure", "bea", b"\x00\xff\n\\N\t")]

    def test_order_is_kept_within_and_across_calls(self, stream: Stream) -> None:
        stream.append([record(1), record(2)])
        stream.append([record(3)])
        assert read_all(stream)[0] == [b"payload 1", b"payload 2", b"payload 3"]

    def test_nothing_is_appended_by_an_empty_call(self, stream: Stream) -> None:
        stream.append([])
        assert read_all(stream) == ([], None)


class TestRead:
    def test_an_empty_stream_gives_none(self, stream: Stream) -> None:
        assert stream.open(group="readers", position=None).read(limit=10, wait=0.01) is None

    def test_a_limit_cuts_and_the_next_read_goes_on(self, stream: Stream) -> None:
        stream.append([record(number) for number in range(5)])
        reader = stream.open(group="readers", position=None)
        sizes = [len(chunk.records) for _ in range(3) if (chunk := reader.read(limit=2, wait=0.0))]
        assert sizes == [2, 2, 1]

    def test_a_position_is_where_another_reader_goes_on(self, stream: Stream) -> None:
        stream.append([record(1), record(2), record(3)])
        chunk = stream.open(group="readers", position=None).read(limit=2, wait=0.0)
        assert chunk is not None
        assert read_all(stream, chunk.position)[0] == [b"payload 3"]

    @pytest.mark.parametrize("position", STRANGE)
    def test_what_is_no_position_of_this_stream_is_refused(self, stream: Stream, position: str) -> None:
        stream.append([record(1)])
        with pytest.raises(PositionLost) as raised:
            stream.open(group="readers", position=position)
        assert (raised.value.code, raised.value.field) == ("position_lost", "position")

    def test_groups_do_not_take_records_from_each_other(self, stream: Stream) -> None:
        stream.append([record(1)])
        for group in ("one", "other"):
            chunk = stream.open(group=group, position=None).read(limit=10, wait=0.0)
            assert chunk is not None
            assert [one.payload for one in chunk.records] == [b"payload 1"]

    def test_records_not_acknowledged_come_again(self, stream: Stream) -> None:
        stream.append([record(1)])
        assert read_all(stream)[0] == read_all(stream)[0] == [b"payload 1"]


class TestAcknowledge:
    def test_a_group_that_never_did_has_no_position(self, stream: Stream) -> None:
        stream.open(group="readers", position=None)
        assert stream.find_position(group="readers") is None

    def test_the_position_is_kept(self, stream: Stream) -> None:
        stream.append([record(1), record(2)])
        _, position = read_all(stream)
        assert position is not None
        stream.acknowledge(group="readers", position=position)
        assert stream.find_position(group="readers") == position


class TestLag:
    def test_it_counts_what_each_group_has_not_acknowledged(self, stream: Stream) -> None:
        stream.append([record(1), record(2), record(3)])
        chunk = stream.open(group="readers", position=None).read(limit=2, wait=0.0)
        assert chunk is not None
        stream.acknowledge(group="readers", position=chunk.position)
        assert stream.lag() == {TABLE_GROUP: 3, "readers": 1}


class TestTrim:
    def test_what_the_table_has_not_acknowledged_stays(self, stream: Stream) -> None:
        stream.append([record(1)])
        assert stream.trim(before=clock.now() + LATER) == 0
        assert read_all(stream)[0] == [b"payload 1"]

    def test_what_one_known_group_has_not_acknowledged_stays(self, stream: Stream) -> None:
        stream.append([record(1)])
        _, position = read_all(stream)
        assert position is not None
        stream.acknowledge(group=TABLE_GROUP, position=position)
        assert stream.trim(before=clock.now() + LATER) == 0

    def test_what_all_acknowledged_goes_and_the_rest_stays(self, stream: Stream) -> None:
        stream.append([record(1), record(2), record(3)])
        chunk = stream.open(group="readers", position=None).read(limit=2, wait=0.0)
        assert chunk is not None
        for group in (TABLE_GROUP, "readers"):
            stream.acknowledge(group=group, position=chunk.position)
        assert stream.trim(before=clock.now() + LATER) == 2
        assert read_all(stream)[0] == [b"payload 3"]
        assert read_all(stream, chunk.position)[0] == [b"payload 3"]

    def test_what_is_young_stays(self, stream: Stream) -> None:
        stream.append([record(1)])
        _, position = read_all(stream)
        assert position is not None
        for group in (TABLE_GROUP, "readers"):
            stream.acknowledge(group=group, position=position)
        assert stream.trim(before=clock.now() - LATER) == 0
        assert read_all(stream)[0] == [b"payload 1"]

    def test_a_position_before_what_was_trimmed_is_lost(self, stream: Stream) -> None:
        stream.append([record(1), record(2), record(3)])
        reader = stream.open(group="readers", position=None)
        old, new = reader.read(limit=1, wait=0.0), reader.read(limit=1, wait=0.0)
        assert old is not None
        assert new is not None
        for group in (TABLE_GROUP, "readers"):
            stream.acknowledge(group=group, position=new.position)
        assert read_all(stream, old.position)[0] == [b"payload 2", b"payload 3"]
        assert stream.trim(before=clock.now() + LATER) == 2
        with pytest.raises(PositionLost):
            stream.open(group="readers", position=old.position)
        assert read_all(stream, new.position)[0] == [b"payload 3"]

    def test_it_stays_lost_when_all_was_trimmed_and_nothing_is_left_to_trim(self, stream: Stream) -> None:
        stream.append([record(1), record(2)])
        old = stream.open(group="readers", position=None).read(limit=1, wait=0.0)
        assert old is not None
        for _ in range(2):
            _, position = read_all(stream)
            for group in (TABLE_GROUP, "readers") if position is not None else ():
                stream.acknowledge(group=group, position=str(position))
            stream.trim(before=clock.now() + LATER)
        with pytest.raises(PositionLost):
            stream.open(group="readers", position=old.position)
