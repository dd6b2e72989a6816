"""What goes with what."""

from typing import Any

import pytest

from apps.recommend.optics.complements import complements_of, suits

Facts = dict[str, Any]
MONTHLY: Facts = {"modality": "monthly", "material": "hydrogel", "solution_types": ["multipurpose"]}
DAILY: Facts = {"modality": "daily"}
BATTERY: Facts = {"kind": "battery", "battery_size": "312"}


def solution(kind: str, **facts: Any) -> Facts:
    return {"solution_type": kind, **facts}


class TestSuits:
    @pytest.mark.parametrize(
        ("item", "other"),
        [
            (("frame", {}), ("accessory", {"kind": "case"})),
            (("frame", {"min_index": 1.5}), ("lens_option", {"index": 1.498})),
            (("sunglasses", {}), ("accessory", {"kind": "cord"})),
            (("contact_lens", MONTHLY), ("solution", solution("multipurpose"))),
            (("contact_lens", MONTHLY), ("solution", solution("drops"))),
            (("contact_lens", DAILY), ("solution", solution("drops"))),
            (("hearing", {"kind": "aid", "battery_size": "312"}), ("hearing", BATTERY)),
        ],
    )  # fmt: skip
    def test_what_completes_it(self, item: tuple[str, Facts], other: tuple[str, Facts]) -> None:
        assert suits(*item, *other)

    @pytest.mark.parametrize(
        ("item", "other"),
        [
            (("frame", {}), ("frame", {})),
            (("frame", {}), ("sunglasses", {})),
            (("frame", {}), ("solution", solution("multipurpose"))),
            (("frame", {"rx_able": False}), ("lens_option", {"index": 1.6})),
            (("frame", {"min_index": 1.6}), ("lens_option", {"index": 1.498})),
            (("frame", {"varifocal_ok": False}), ("lens_option", {"index": 1.6, "min_fitting_height_mm": 17.0})),
            (("contact_lens", MONTHLY), ("contact_lens", DAILY)),
            (("contact_lens", MONTHLY), ("solution", solution("peroxide"))),
            (("contact_lens", MONTHLY), ("solution", solution("multipurpose", lens_materials=["rgp"]))),
            (("contact_lens", DAILY), ("solution", solution("multipurpose"))),
            (("contact_lens", MONTHLY), ("solution", solution("rgp"))),
            (("hearing", {"kind": "aid", "battery_size": "13"}), ("hearing", BATTERY)),
            (("hearing", {"kind": "aid", "rechargeable": True}), ("hearing", {"kind": "battery"})),
            (("hearing", {"kind": "battery"}), ("hearing", {"kind": "consumable"})),
            (("accessory", {"kind": "case"}), ("accessory", {"kind": "cloth"})),
        ],
    )  # fmt: skip
    def test_what_does_not(self, item: tuple[str, Facts], other: tuple[str, Facts]) -> None:
        assert not suits(*item, *other)


class TestComplementsOf:
    def test_is_never_of_the_own_type_of_a_frame(self) -> None:
        assert "frame" not in {item_type for item_type, _ in complements_of("frame", {})}

    def test_of_an_unknown_type_is_nothing(self) -> None:
        assert complements_of("generic", {}) == ()
