"""A stream, a table and a store as a features consumer meets them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from apps.recommend.features import consume
from apps.recommend.features.lease import Lease
from apps.recommend.features.memory_store import MemoryStore
from apps.tracking import api as tracking
from apps.tracking.contracts import History, PositionLost, StreamBatch, TrackedEvent
from specrec.kernel import clock
from specrec.kernel.errors import Unavailable
from specrec.kernel.redis import client

ANNA = ("lens-lane", UUID(int=1))
GROUND = "rebuilt:before"


def view(number: int, item: str, *, shopper: UUID = ANNA[1], kind: str = "view") -> TrackedEvent:
    now = clock.now()
    return TrackedEvent(
        site_id="lens-lane", event_id=UUID(int=number), day=now.date(), type=kind,
        time=now - timedelta(minutes=60 - number), received_at=now, shopper_id=shopper, session_id=None, item_id=item,
        sku=None, quantity=1, unit_price=None, currency=None, order_id=None, query=None, rating=None, placement=None,
        position=None, recommendation_id=None, channel="web", store_id=None,
    )  # fmt: skip


class Log:
    """A stream of one partition with three records, of which the table holds the first, as tracking shows them."""

    def __init__(self) -> None:
        self.begun: list[str | None] = []
        self.acknowledged: list[dict[str, str]] = []
        self.fail = 0
        self.lost: set[str] = set()
        self.over = False
        self.between: list[Callable[[], object]] = []  # what happens before each later slice of the table
        self.before: dict[str, Callable[[], object]] = {}  # what happens before a record is given

    def follow(
        self,
        *,
        group: str,
        find_positions: Callable[[Sequence[str]], Mapping[str, str]],
        limit: int,
        wait: float,
        stop: Callable[[], bool],
    ) -> Iterator[StreamBatch]:
        assert (group, limit > 0, wait < 1) == ("features", True, True)
        if self.fail:
            self.fail -= 1
            raise Unavailable("away", code="stream_unavailable")
        position = find_positions(["0"]).get("0")
        self.begun.append(position)
        if position in self.lost:
            self.lost.clear()
            raise PositionLost(str(position))
        for number in range(int(position or 0) + 1, 4):
            if stop():
                return
            self.before.pop(str(number), bool)()
            yield StreamBatch(events=[view(number, f"frame-{number}")], exposures=[], positions={"0": str(number)})
        self.over = True
        assert stop()  # asked between two reads, also while nothing comes

    def acknowledge(self, *, group: str, positions: Mapping[str, str]) -> None:
        assert group == "features"
        self.acknowledged.append(dict(positions))

    @contextmanager
    def read_history(self, *, since: datetime) -> Iterator[History]:
        assert since.tzinfo is not None

        def batches() -> Iterator[list[TrackedEvent]]:
            yield [view(1, "frame-1")]
            while self.between:
                self.between.pop(0)()
                yield [view(9, "frame-9")]

        yield History(positions={"0": "1"}, total=1, batches=batches())


@pytest.fixture(name="log")
def put_log(monkeypatch: pytest.MonkeyPatch) -> Log:
    """A stream in place of the real one."""
    found = Log()
    for name in ("follow", "acknowledge", "read_history"):
        monkeypatch.setattr(tracking, name, getattr(found, name))
    return found


def run(store: MemoryStore, log: Log) -> None:
    consume.run(store, Lease(client(), name="test"), stop=lambda: log.over)


def seen(store: MemoryStore) -> list[str]:
    return [touch.item_id for touch in store.read([ANNA])[0].recent]


def views(store: MemoryStore) -> int:
    state = store.read([ANNA])[0]
    return state.tallies["view"].count if state.tallies else 0


def standing(position: str | None) -> MemoryStore:
    """Return an empty store with a ground and this position."""
    store = MemoryStore()
    store.move(ground=None, to=GROUND, positions={"0": position} if position else {})
    return store
