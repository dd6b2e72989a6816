"""What is made beforehand: for whom it is made anew, and for whom what there is will do."""

import time
import weakref
from collections.abc import Iterator

import pytest

from apps.recommend.shelves.derived import FEW, IDLE_SECONDS, derive, forget_derived

KEY = ("lens-lane", "looks")
FIRST, SECOND = object(), object()


@pytest.fixture(autouse=True)
def _nothing_held() -> Iterator[None]:
    forget_derived()
    yield
    forget_derived()


def made(of: object, said: str, *, ground: str = "base-1", size: int = 10, again: bool = False) -> str:
    return derive(key=KEY, ground=ground, made_of=(of,), make=lambda: said, size=size, again=again)


class TestDerive:
    def test_is_made_once(self) -> None:
        assert [made(FIRST, "one"), made(FIRST, "two")] == ["one", "one"]

    def test_a_request_takes_what_is_older(self) -> None:
        assert [made(FIRST, "one"), made(SECOND, "two")] == ["one", "one"]

    def test_who_refreshes_makes_it_anew(self) -> None:
        assert [made(FIRST, "one"), made(SECOND, "two", again=True)] == ["one", "two"]

    def test_what_is_great_is_not_made_at_every_change(self) -> None:
        found = [made(FIRST, "one", size=FEW + 1), made(SECOND, "two", size=FEW + 1, again=True)]
        assert found == ["one", "one"]

    def test_another_ground_is_another_thing(self) -> None:
        assert [made(FIRST, "one"), made(FIRST, "two", ground="base-2")] == ["one", "two"]

    def test_without_a_ground_only_the_same_objects_will_do(self) -> None:
        assert [made(FIRST, "one", ground=""), made(SECOND, "two", ground="")] == ["one", "two"]

    def test_what_nobody_asks_for_any_more_is_dropped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = 0.0
        monkeypatch.setattr(time, "monotonic", lambda: now)

        class Model:
            pass

        models = [Model() for _ in range(5)]
        alive = [weakref.ref(model) for model in models]
        for number in range(5):
            derive(key=("lens-lane", f"kinds {number}"), ground="base-1", made_of=(models[number],), make=dict)
            now += IDLE_SECONDS + 1.0
        models.clear()
        assert [one() is None for one in alive] == [True, True, True, True, False]
