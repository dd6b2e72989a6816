"""Measurements of frames by the boxing system, consistent with each other and with the drawn outline."""

# ruff: noqa: PLR2004 - the numbers are chances and measurements; a name would only repeat the line that they stand in

import random
from dataclasses import dataclass

from demo.pictures.geometry import OUTLINES, effective_diameter, lens_outline

# Usual eye size by shape, in millimetres.
_EYE = {
    "round": 48, "oval": 51, "panto": 49, "square": 52, "rectangle": 54, "cat_eye": 53, "aviator": 57,
    "browline": 51, "geometric": 50, "octagon": 50, "wrap": 62, "shield": 63, "butterfly": 55,
}  # fmt: skip
_BASE_CURVE = {"wrap": 8.0, "shield": 6.0, "aviator": 5.0}
# Grams per square millimetre of rim and temple that go into a frame of 138 mm.
_HEAVY = {
    "acetate": 27.0, "propionate": 23.0, "tr90": 15.0, "nylon": 18.0, "steel": 20.0, "monel": 22.0,
    "titanium": 14.0, "beta-titanium": 12.0, "wood": 29.0, "combination": 25.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measures:
    """A size of a frame; lengths in millimetres."""

    a: int
    b: int
    dbl: int
    ed: float
    temple: int
    width: int
    weight: float
    base_curve: float
    size: str

    def attributes(self) -> dict[str, float | str]:
        """Return the measurements as attributes of a variant."""
        return {
            "a_mm": self.a,
            "b_mm": self.b,
            "dbl_mm": self.dbl,
            "ed_mm": self.ed,
            "ed_source": "feed",
            "temple_mm": self.temple,
            "front_width_mm": self.width,
            "width_source": "feed",
            "weight_g": self.weight,
            "marking": f"{self.a}[]{self.dbl} {self.temple}",
        }


def measure(source: random.Random, *, shape: str, material: str, rim: str, child: bool, sun: bool) -> Measures:
    """Return a plausible size: ED follows from the outline, the front from both lenses, bridge and end pieces."""
    eye = _EYE[shape] + source.gauss(0, 2.1) - (7 if child else 0) + (1.5 if sun else 0)
    a = round(min(max(eye, 40), 66))
    b = max(22, round(a * OUTLINES[shape].ratio * source.uniform(0.95, 1.05)))
    dbl = round(min(max(source.gauss(16 if child else 19 - (a - 51) * 0.22, 1.3), 13), 24))
    ends = source.choice((7, 8, 9)) if rim != "rimless" else source.choice((6, 7))
    width = 2 * a + dbl + ends
    temple = min((120, 125, 130, 135, 140, 145, 150), key=lambda length: abs(length - width - source.gauss(3, 3)))
    ed = effective_diameter(lens_outline(shape, width=a, height=b))
    part = {"full": 1.0, "supra": 0.82, "rimless": 0.58}[rim]
    weight = _HEAVY[material] * part * (width / 138) ** 2 * source.uniform(0.92, 1.08)
    return Measures(
        a=a,
        b=b,
        dbl=dbl,
        ed=round(max(ed, a), 1),
        temple=temple,
        width=width,
        weight=round(weight, 1),
        base_curve=_BASE_CURVE.get(shape, 4.0),
        size="S" if width <= 132 else "M" if width <= 139 else "L",
    )
