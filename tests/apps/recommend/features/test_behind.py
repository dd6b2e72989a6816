"""Writing one batch behind."""

import threading
from collections.abc import Mapping
from uuid import UUID

import pytest

from apps.recommend.features.behind import Behind
from apps.recommend.features.held import PositionMoved
from apps.recommend.features.memory_store import MemoryStore
from apps.recommend.features.state import Changes, ShopperState

ANNA = ("lens-lane", UUID(int=1))


def make_store() -> MemoryStore:
    store = MemoryStore()
    assert store.move(ground=None, to="rebuilt:1", positions={})
    return store


def put(behind: Behind, before: str | None, after: str) -> Mapping[str, str]:
    changes = Changes({ANNA: ShopperState(last=float(after))}, {})
    return behind.write(changes, ground="rebuilt:1", expected={"0": before}, positions={"0": after})


class SlowStore(MemoryStore):
    """Writes when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Event()
        self.begun: list[str] = []

    def write(
        self, changes: Changes, *, ground: str | None, expected: Mapping[str, str | None], positions: Mapping[str, str]
    ) -> bool:
        self.begun.append(positions["0"])
        assert self.let.wait(10)
        return super().write(changes, ground=ground, expected=expected, positions=positions)


class TestWrite:
    def test_it_returns_before_the_write_is_done_and_the_next_one_waits(self) -> None:
        store = SlowStore()
        assert store.move(ground=None, to="rebuilt:1", positions={})
        behind = Behind(store)
        assert put(behind, None, "1") == {}
        assert store.positions(["0"]) == {}
        store.let.set()
        assert put(behind, "1", "2") == {"0": "1"}
        assert behind.settle() == {"0": "2"}
        assert (store.begun, store.positions(["0"]), store.read([ANNA])[0].last) == (["1", "2"], {"0": "2"}, 2.0)
        behind.close()

    def test_after_a_refused_one_the_next_is_not_begun(self) -> None:
        store = make_store()
        behind = Behind(store)
        put(behind, "somebody else's", "1")
        with pytest.raises(PositionMoved):
            put(behind, "1", "2")
        behind.close()
        assert (store.positions(["0"]), store.read([ANNA])[0].last) == ({}, 0.0)

    def test_what_a_write_raised_is_raised_by_the_next(self, monkeypatch: pytest.MonkeyPatch) -> None:
        store = make_store()

        def fail(*_: object, **__: object) -> bool:
            raise ConnectionError("away")

        monkeypatch.setattr(store, "write", fail)
        behind = Behind(store)
        put(behind, None, "1")
        with pytest.raises(ConnectionError):
            put(behind, "1", "2")
        behind.close()


class TestSettle:
    def test_nothing_under_way_is_nothing_stored(self) -> None:
        behind = Behind(make_store())
        assert behind.settle() == {}
        behind.close()

    def test_positions_are_told_once(self) -> None:
        behind = Behind(make_store())
        put(behind, None, "1")
        assert (behind.settle(), behind.settle()) == ({"0": "1"}, {})
        behind.close()


class TestClose:
    def test_the_write_under_way_is_seen_ended(self) -> None:
        store = SlowStore()
        assert store.move(ground=None, to="rebuilt:1", positions={})
        behind = Behind(store)
        put(behind, None, "1")
        store.let.set()
        behind.close()
        assert store.positions(["0"]) == {"0": "1"}
