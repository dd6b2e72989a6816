"""Looking after a part: with a server that only pretends, and a clock that the test moves."""

import pytest

from specrec.processes.folder import PartsError
from specrec.processes.keeper import Kept


class Pretended:
    """A server that counts its starts, and refuses as many as it is told."""

    url = "pretended://"

    def __init__(self) -> None:
        self.pid: int | None = None
        self.starts = 0
        self.refuse = 0

    def start(self) -> None:
        self.starts += 1
        if self.refuse:
            self.refuse -= 1
            raise PartsError("no memory left")
        self.pid = self.starts

    def stop(self) -> None:
        self.pid = None

    kill = stop


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Pretended:
    return Pretended()


@pytest.fixture
def kept(server: Pretended, clock: Clock) -> Kept:
    made = Kept("pretended", server, clock)
    made.start()
    return made


def look(kept: Kept, clock: Clock, *, after: float) -> None:
    clock.now += after
    kept.look_after()


class TestLookAfter:
    def test_one_that_runs_is_left_alone(self, kept: Kept, server: Pretended, clock: Clock) -> None:
        look(kept, clock, after=60)
        assert server.starts == 1

    def test_one_that_ended_is_started_again(self, kept: Kept, server: Pretended, clock: Clock) -> None:
        server.kill()
        look(kept, clock, after=60)
        assert (server.starts, server.pid) == (2, 2)

    @pytest.mark.parametrize("how", ["kill", "stop"])
    def test_one_that_was_ended_stays_down_until_it_is_started(
        self, kept: Kept, server: Pretended, clock: Clock, how: str
    ) -> None:
        getattr(kept, how)()
        look(kept, clock, after=60)
        assert server.pid is None
        kept.start()
        server.pid = None
        look(kept, clock, after=60)
        assert server.starts == 3

    def test_a_start_that_fails_is_tried_again_after_growing_pauses(
        self, kept: Kept, server: Pretended, clock: Clock
    ) -> None:
        server.kill()
        server.refuse = 3
        starts = []
        for _ in range(30):
            look(kept, clock, after=0.5)
            starts.append(server.starts)
        assert [starts.count(number) for number in (2, 3, 4)] == [2, 4, 8]
        assert (server.starts, server.pid) == (5, 5)
