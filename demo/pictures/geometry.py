"""Outlines of spectacle lenses in millimetres: the nose is at x < 0, the temple at x > 0, y grows downwards."""

# ruff: noqa: PLR2004 - the numbers are chances and measurements; a name would only repeat the line that they stand in

import math
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
_STEPS = 12  # points per quadrant


@dataclass(frozen=True, slots=True)
class Outline:
    """A lens shape in a unit box, as four super-elliptic quarters between the points that touch the box.

    powers: roundness of the quarters upper temporal, lower temporal, lower nasal, upper nasal; 2 is a circle's quarter,
        more is squarer, less is flatter
    top, bottom: x of the points that touch the box above and below; temporal, nasal: y of those at the sides
    taper: how much narrower the bottom is; lift: how far the outer edge is drawn upwards; ratio: height over width
    """

    powers: tuple[float, float, float, float]
    ratio: float
    top: float = 0.0
    bottom: float = 0.0
    temporal: float = 0.0
    nasal: float = 0.0
    taper: float = 0.0
    lift: float = 0.0
    corners: int = 0


OUTLINES: dict[str, Outline] = {
    "round": Outline((2.0, 2.0, 2.0, 2.0), 0.95),
    "oval": Outline((2.15, 2.1, 2.1, 2.15), 0.72, temporal=-0.05, nasal=-0.05),
    "panto": Outline((2.9, 2.0, 2.0, 2.7), 0.88, bottom=-0.04, temporal=-0.3, nasal=-0.26, taper=0.03),
    "square": Outline((4.6, 3.7, 3.5, 4.2), 0.82, bottom=-0.05, temporal=-0.25, nasal=-0.2, taper=0.07),
    "rectangle": Outline((5.0, 4.0, 3.8, 4.6), 0.6, bottom=-0.05, temporal=-0.15, nasal=-0.15, taper=0.05),
    "cat_eye": Outline((2.9, 2.15, 2.2, 2.3), 0.72, top=0.2, bottom=-0.1, temporal=-0.55, nasal=-0.02, lift=0.3),
    "aviator": Outline((3.2, 2.3, 1.75, 2.8), 0.84, top=-0.15, bottom=0.2, temporal=-0.2, nasal=-0.55),
    "browline": Outline((3.4, 2.2, 2.2, 3.2), 0.8, bottom=-0.05, temporal=-0.4, nasal=-0.35, taper=0.06),
    "geometric": Outline((2.0, 2.0, 2.0, 2.0), 0.9, corners=6),
    "octagon": Outline((2.0, 2.0, 2.0, 2.0), 0.88, corners=8),
    "wrap": Outline((2.5, 2.3, 2.5, 3.0), 0.58, top=-0.2, temporal=-0.25, nasal=-0.05, lift=0.12),
    "butterfly": Outline((3.2, 2.4, 2.6, 3.0), 0.8, top=0.1, bottom=0.1, temporal=-0.2, nasal=-0.1, lift=0.14),
    "shield": Outline((3.4, 2.5, 2.0, 4.0), 0.8, top=-0.2, bottom=0.0, temporal=-0.3, nasal=-0.4),
}


def lens_outline(shape: str, *, width: float, height: float) -> list[Point]:
    """Return the closed outline of the lens on the wearer's left, centred on its box."""
    outline = OUTLINES[shape]
    raw = _polygon(outline.corners) if outline.corners else _quarters(outline)
    raw = [
        (x * (1 - outline.taper * y), y - outline.lift * max(x, -0.2) ** 2 * (1 if y < 0.4 else 0.4)) for x, y in raw
    ]
    return fit_box(raw, width=width, height=height)


def fit_box(points: Sequence[Point], *, width: float, height: float) -> list[Point]:
    """Return the points stretched so that their box is exactly width by height round the origin."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    left, top = min(xs), min(ys)
    across, down = max(xs) - left, max(ys) - top
    return [((x - left) / across * width - width / 2, (y - top) / down * height - height / 2) for x, y in points]


def effective_diameter(points: Sequence[Point]) -> float:
    """Return twice the longest distance from the centre of the box to the edge (ED of the boxing system)."""
    return 2 * max(math.hypot(x, y) for x, y in points)


def widen(points: Sequence[Point], *, top: float, bottom: float) -> list[Point]:
    """Return the outline moved outwards: by `top` where it faces up, by `bottom` where it faces down."""
    count = len(points)
    moved = []
    for index, (x, y) in enumerate(points):
        (x0, y0), (x1, y1) = points[index - 2], points[(index + 2) % count]
        along, across = x1 - x0, y1 - y0
        length = math.hypot(along, across) or 1.0
        normal = (across / length, -along / length)
        by = bottom + (top - bottom) * (0.5 - 0.5 * normal[1])
        moved.append((x + normal[0] * by, y + normal[1] * by))
    return moved


def mirror(points: Sequence[Point]) -> list[Point]:
    """Return the outline for the other eye."""
    return [(-x, y) for x, y in reversed(points)]


def shift(points: Sequence[Point], *, x: float, y: float = 0.0) -> list[Point]:
    """Return the outline moved."""
    return [(px + x, py + y) for px, py in points]


def path(points: Sequence[Point], *, scale: float) -> str:
    """Return the closed smooth curve through the points as SVG path data."""
    count = len(points)
    parts = [f"M{points[0][0] * scale:.1f} {points[0][1] * scale:.1f}"]
    for index in range(count):
        before, here = points[index - 1], points[index]
        after, beyond = points[(index + 1) % count], points[(index + 2) % count]
        first = (here[0] + (after[0] - before[0]) / 6, here[1] + (after[1] - before[1]) / 6)
        second = (after[0] - (beyond[0] - here[0]) / 6, after[1] - (beyond[1] - here[1]) / 6)
        numbers = " ".join(f"{x * scale:.1f} {y * scale:.1f}" for x, y in (first, second, after))
        parts.append(f"C{numbers}")
    return "".join(parts) + "Z"


def edge_at(points: Sequence[Point], *, y: float, outer: bool) -> float:
    """Return the x at which the outline is crossed at height y, on its outer (larger x) or its inner side."""
    best = sorted(points, key=lambda point: abs(point[1] - y))[:6]
    side = [x for x, _ in best if (x > 0) == outer] or [x for x, _ in best]
    return max(side) if outer else min(side)


def _quarters(outline: Outline) -> list[Point]:
    top, bottom = (outline.top, -1.0), (outline.bottom, 1.0)
    temporal, nasal = (1.0, outline.temporal), (-1.0, outline.nasal)
    corners = ((top, temporal), (temporal, bottom), (bottom, nasal), (nasal, top))
    points: list[Point] = []
    for number, ((start, end), power) in enumerate(zip(corners, outline.powers, strict=True)):
        upright = number % 2 == 0  # the quarter starts at a point above or below its centre
        centre = (start[0], end[1]) if upright else (end[0], start[1])
        for step in range(_STEPS):
            angle = step / _STEPS * math.pi / 2
            near, far = math.cos(angle) ** (2 / power), math.sin(angle) ** (2 / power)
            x = centre[0] + (start[0] - centre[0]) * near + (end[0] - centre[0]) * far
            y = centre[1] + (start[1] - centre[1]) * near + (end[1] - centre[1]) * far
            points.append((x, y))
    return points


def _polygon(corners: int) -> list[Point]:
    turn = math.pi / corners if corners == 8 else 0.0
    vertices = [
        (
            math.sin(turn + 2 * math.pi * k / corners + math.pi / 2),
            -math.cos(turn + 2 * math.pi * k / corners + math.pi / 2),
        )
        for k in range(corners)
    ]
    points: list[Point] = []
    for index, here in enumerate(vertices):
        before, after = vertices[index - 1], vertices[(index + 1) % corners]
        start = (here[0] + (before[0] - here[0]) * 0.22, here[1] + (before[1] - here[1]) * 0.22)
        end = (here[0] + (after[0] - here[0]) * 0.22, here[1] + (after[1] - here[1]) * 0.22)
        for step in range(6):
            t = step / 5
            a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t**2
            points.append((a * start[0] + b * here[0] + c * end[0], a * start[1] + b * here[1] + c * end[1]))
        points.extend(
            (end[0] + (after[0] - here[0]) * 0.14 * k, end[1] + (after[1] - here[1]) * 0.14 * k) for k in (1, 2, 3)
        )
    return points
