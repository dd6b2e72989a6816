"""How long a supply lasts."""

from typing import Any

import pytest

from apps.recommend.optics.supply import days_of, days_of_lenses, is_used_up, run_out, wear_factor


class TestDaysOfLenses:
    @pytest.mark.parametrize(
        ("lenses", "days", "boxes", "worn", "lasts"),
        [(30, 1, 1, 7, 30.0), (30, 1, 2, 7, 60.0), (30, 1, 1, 5, 42.0), (3, 30, 1, 7, 90.0), (6, 14, 1, 7, 84.0)],
    )
    def test_boxes_of_an_eye(self, lenses: float, days: float, boxes: float, worn: float, lasts: float) -> None:
        assert days_of_lenses(lenses, days, boxes=boxes, wear_days=worn) == lasts


class TestRunOut:
    def test_the_first_eye_decides(self) -> None:
        assert run_out(100.0, 90.0, 60.0) == 160.0

    def test_who_takes_longer_runs_out_later(self) -> None:
        assert run_out(100.0, 30.0, 30.0, 1.5) == 145.0


class TestWearFactor:
    def test_without_intervals_is_as_expected(self) -> None:
        assert wear_factor([], 30.0) == 1.0

    def test_is_drawn_towards_what_is_expected(self) -> None:
        assert wear_factor([45.0, 45.0], 30.0) == pytest.approx(1.25)

    @pytest.mark.parametrize(("interval", "factor"), [(1_000.0, 2.5), (0.0, 0.7)])
    def test_is_bounded(self, interval: float, factor: float) -> None:
        assert wear_factor([interval] * 20, 30.0) == factor

    def test_of_nothing_expected_is_one(self) -> None:
        assert wear_factor([10.0], 0.0) == 1.0


class TestDaysOf:
    @pytest.mark.parametrize(
        ("item_type", "facts", "lasts"),
        [
            ("contact_lens", {"lenses_per_box": 30, "days_per_lens": 1}, 30.0),
            ("contact_lens", {"lenses_per_box": 30}, None),
            ("solution", {"days_supply": 90}, 90.0),
            ("solution", {"days_supply": 0}, None),
            ("solution", {}, None),
            ("hearing", {"kind": "battery", "hours_per_cell": 160, "pack_size": 6}, 30.0),
            ("hearing", {"kind": "aid", "hours_per_cell": 160, "pack_size": 6}, None),
            ("frame", {"days_supply": 90}, None),
            ("solution", {"days_supply": True}, None),
        ],
    )
    def test_by_what_the_item_says(self, item_type: str, facts: dict[str, Any], lasts: float | None) -> None:
        assert days_of(item_type, facts) == lasts


class TestIsUsedUp:
    @pytest.mark.parametrize(
        ("item_type", "facts", "used_up"),
        [
            ("solution", {}, True),
            ("accessory", {"kind": "spray"}, True),
            ("accessory", {"kind": "cloth", "pack_size": 30}, True),
            ("accessory", {"kind": "case"}, False),
            ("hearing", {"kind": "battery"}, True),
            ("hearing", {"kind": "aid"}, False),
            ("frame", {}, False),
            ("service", {}, False),
        ],
    )
    def test_by_kind(self, item_type: str, facts: dict[str, Any], used_up: bool) -> None:  # noqa: FBT001
        assert is_used_up(item_type, facts) is used_up
