"""States in the hand of a writer."""

import logging
from typing import Any
from uuid import UUID

import pytest
import redis

from apps.recommend.features import held
from apps.recommend.features.extract import by_state
from apps.recommend.features.held import Held, PositionMoved
from apps.tracking.contracts import TrackedEvent
from specrec.kernel import clock
from tests.apps.recommend.features.told_log import (
    ANNA,
    GROUND,
    seen,
    standing,
    view,
    views,
)


def write(states: Held, *events: TrackedEvent, at: str | None, to: str) -> None:
    now = clock.now().timestamp()
    states.write(events, now=now, ground=GROUND, expected={"0": at}, positions={"0": to})


class TestHeld:
    def test_a_position_that_moved_writes_nothing(self) -> None:
        store = standing("7")
        with pytest.raises(PositionMoved):
            write(Held(store), view(1, "frame-1"), at="6", to="8")
        assert (seen(store), store.positions(["0"])) == ([], {"0": "7"})

    def test_states_in_hand_are_not_asked_for_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        store = standing(None)
        states = Held(store)
        write(states, view(1, "frame-1"), at=None, to="1")
        asked: list[Any] = []

        def ask(keys: Any) -> list[Any]:
            asked.extend(keys)
            return []

        monkeypatch.setattr(store, "read_packed", ask)
        write(states, view(2, "frame-2"), at="1", to="2")
        assert asked == []
        assert [touch.item_id for touch in store.states[ANNA].recent] == ["frame-1", "frame-2"]

    def test_those_used_longest_ago_are_given_up_and_read_again(self) -> None:
        store = standing(None)
        states = Held(store, size=2)
        for number, who in enumerate([1, 2, 1, 3, 2], start=1):
            before = str(number - 1) if number > 1 else None
            write(states, view(number, f"frame-{number}", shopper=UUID(int=who)), at=before, to=str(number))
        assert {who.int for _, who in states._shoppers} == {2, 3}
        assert [touch.item_id for touch in store.states[("lens-lane", UUID(int=2))].recent] == ["frame-2", "frame-5"]

    def test_after_a_failure_nothing_is_in_hand(self) -> None:
        store = standing(None)
        states = Held(store)
        write(states, view(1, "frame-1"), at=None, to="1")
        with pytest.raises(PositionMoved):
            write(states, view(2, "frame-2"), at="5", to="6")
        assert states._shoppers == {}

    def test_an_event_that_cannot_be_applied_is_passed_over(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def refuse(events: Any, *, now: float) -> Any:
            if any(event.item_id == "poison" for event in events):
                raise ZeroDivisionError
            return by_state(events, now=now)

        monkeypatch.setattr(held, "by_state", refuse)
        store = standing(None)
        states = Held(store)
        caplog.set_level(logging.ERROR)
        write(states, view(1, "frame-1"), view(2, "poison"), view(3, "frame-3"), at=None, to="1")
        assert (seen(store), views(store), states.passed_over) == (["frame-1", "frame-3"], 2, 1)
        said = caplog.records[-1].getMessage()
        assert said == ("features: passed over an event of type 'view' of site lens-lane: ZeroDivisionError (1 so far)")

    def test_a_state_that_cannot_be_read_counts_as_empty(self, monkeypatch: pytest.MonkeyPatch) -> None:
        store = standing(None)
        monkeypatch.setattr(store, "read_packed", lambda keys: [b"\xc1" for _ in keys])
        write(Held(store), view(1, "frame-1"), at=None, to="1")
        assert (seen(store), views(store)) == (["frame-1"], 1)

    def test_a_store_that_is_away_is_no_poison(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def away(_keys: Any) -> Any:
            raise redis.ConnectionError("away")

        store = standing(None)
        monkeypatch.setattr(store, "read_packed", away)
        states = Held(store)
        with pytest.raises(redis.ConnectionError):
            write(states, view(1, "frame-1"), at=None, to="1")
        assert states.passed_over == 0
