"""The small parts of a front: bridge, pads, end pieces, pins; all in millimetres round the middle of the bridge."""

from collections.abc import Sequence

from demo.pictures.geometry import Point, edge_at
from demo.pictures.spec import FrameSpec

SCALE = 3.95  # pixels per millimetre: every frame is drawn to the same scale
_HINGE = {"aviator": 0.36, "cat_eye": 0.34, "wrap": 0.2, "shield": 0.26, "oval": 0.14, "round": 0.2, "rectangle": 0.24}


def material_of(spec: FrameSpec) -> str:
    """Return the material of what is seen of the front: of a rimless one only metal."""
    return "metal" if spec.rim == "rimless" else spec.material


def hinge_level(spec: FrameSpec) -> float:
    """Return how far above the middle the temples join, as a share of the lens height."""
    return _HINGE.get(spec.shape, 0.28)


def polyline(points: Sequence[Point]) -> str:
    """Return the closed outline with straight sides as path data."""
    return "M" + "L".join(f"{x * SCALE:.1f} {y * SCALE:.1f}" for x, y in points) + "Z"


def at(x: float, y: float) -> str:
    """Return the point as path data."""
    return f"{x * SCALE:.1f} {y * SCALE:.1f}"


def bridge(spec: FrameSpec, *, lens: Sequence[Point], centre: float) -> str:
    """Return the bridge: one bent wire (two on an aviator), or a moulded saddle or keyhole."""
    if material_of(spec) in {"metal", "combination"}:
        return _wire_bridge(spec, lens=lens, centre=centre)
    level, low = -spec.b * 0.25, spec.b * 0.02
    top, arch = level - 3.0, level + 3.0
    steps = [top + (low - top) * step / 5 for step in range(6)]
    edge = [(centre + edge_at(lens, y=y, outer=False) - 0.5, y) for y in steps]
    wide, foot = edge[0][0], edge[-1][0] - 0.6
    down = "".join(f"L{at(x, y)}" for x, y in edge[1:])
    up = "".join(f"L{at(-x, y)}" for x, y in reversed(edge))
    upper = f"M{at(-wide, top)}Q{at(0, top + 2.6)} {at(wide, top)}{down}L{at(foot - 2.2, low + 1)}"
    if spec.bridge == "keyhole":
        lower = (
            f"C{at(foot - 3.0, arch + 4.4)} {at(2.0, arch + 5.4)} {at(3.1, arch + 2.2)}"
            f"C{at(4.0, arch - 1.5)} {at(-4.0, arch - 1.5)} {at(-3.1, arch + 2.2)}"
            f"C{at(-2.0, arch + 5.4)} {at(3.0 - foot, arch + 4.4)} {at(2.2 - foot, low + 1)}"
        )
    else:
        lower = (
            f"C{at(foot - 3.0, arch + 2.5)} {at(3.4, arch)} {at(0, arch)}"
            f"C{at(-3.4, arch)} {at(3.0 - foot, arch + 2.5)} {at(2.2 - foot, low + 1)}"
        )
    return f'<path d="{upper}{lower}{up}Z"/>'


def pads(spec: FrameSpec, *, lens: Sequence[Point], centre: float) -> str:
    """Return the nose pads: on wires at metal fronts, moulded of clear stuff at others."""
    level = spec.b * 0.13
    gap = centre + edge_at(lens, y=level, outer=False)
    wired = material_of(spec) in {"metal", "combination"}
    inward, height = (2.4, 4.6) if wired else (1.2, 5.2)
    parts = []
    for sign in (-1, 1):
        x, y = sign * (gap - inward) * SCALE, level * SCALE
        if wired:
            start = at(sign * (gap + 0.6), level - 5.5)
            parts.append(
                f'<path d="M{start}Q{at(sign * (gap - 3.4), level - 6.5)} {at(sign * (gap - inward), level)}"'
                ' fill="none" stroke="#8d949b" stroke-width="2.2" opacity=".85"/>'
            )
        parts.append(
            f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{1.7 * SCALE:.1f}" ry="{height * SCALE:.1f}" fill="#fff"'
            f' fill-opacity=".62" stroke="#98a1a8" stroke-width="1" transform="rotate({sign * -14} {x:.1f} {y:.1f})"/>'
        )
    return "".join(parts)


def end_pieces(spec: FrameSpec, *, edge: float) -> str:
    """Return the pieces from the rims out to the hinges; `edge` is where the lens ends at the level of the hinges."""
    level, half = -spec.b * hinge_level(spec), spec.width / 2
    near, far = {"metal": (1.7, 1.9), "combination": (3.4, 2.8)}.get(material_of(spec), (4.4, 3.0))
    parts = []
    for sign in (-1, 1):
        outline = (
            f"M{at(sign * (edge - 0.2), level - near)}"
            f"Q{at(sign * (half - 1.5), level - far - 0.6)} {at(sign * half, level - far)}"
            f"L{at(sign * half, level + far)}"
            f"Q{at(sign * (half - 1.5), level + far + 0.4)} {at(sign * (edge - 0.2), level + near)}Z"
        )
        parts.append(f'<path d="{outline}"/>')
        if spec.rim == "rimless":
            parts.append(f'<circle cx="{sign * (edge - 2.4) * SCALE:.1f}" cy="{level * SCALE:.1f}" r="4"/>')
            parts.append(f'<path d="{polyline(_bar(sign * (edge - 2.4), sign * (edge + 1), level))}"/>')
    return "".join(parts)


def pins(spec: FrameSpec) -> str:
    """Return the metal pins that hold the hinges of a plastic front."""
    level, x = -spec.b * hinge_level(spec) * SCALE, (spec.width / 2 - 2.6) * SCALE
    dots = "".join(
        f'<ellipse cx="{sign * x:.1f}" cy="{level + step:.1f}" rx="1.5" ry="2.6" fill="#d9dde0"'
        ' stroke="#00000055" stroke-width=".6"/>'
        for sign in (-1, 1)
        for step in (-4.2, 4.2)
    )
    return dots if spec.bridge == "keyhole" or spec.shape in {"square", "browline"} else ""


def _wire_bridge(spec: FrameSpec, *, lens: Sequence[Point], centre: float) -> str:
    level = -spec.b * 0.22
    gap = centre + edge_at(lens, y=level, outer=False)
    thick = 1.5 if spec.rim == "rimless" else 2.0
    parts = [_wire(((-gap - 1, level + 1.2), (0, level - 5.6), (gap + 1, level + 1.2)), thick=thick)]
    if spec.shape == "aviator":
        high = -spec.b * 0.47
        wide = centre + edge_at(lens, y=high, outer=False)
        parts.append(_wire(((-wide - 1, high), (0, high - 1.2), (wide + 1, high)), thick=2.0))
    if spec.rim == "rimless":
        parts += [
            f'<circle cx="{sign * (gap + 2.4) * SCALE:.1f}" cy="{(level + 1.2) * SCALE:.1f}" r="4"/>'
            f'<path d="{polyline(_bar(sign * gap, sign * (gap + 2.4), level + 1.2))}"/>'
            for sign in (-1, 1)
        ]
    return "".join(parts)


def _wire(points: tuple[Point, Point, Point], *, thick: float) -> str:
    (x0, y0), (x1, y1), (x2, y2) = points
    half = thick / 2
    return (
        f'<path d="M{at(x0, y0 - half)}Q{at(x1, y1 - half)} {at(x2, y2 - half)}L{at(x2, y2 + half)}'
        f'Q{at(x1, y1 + half)} {at(x0, y0 + half)}Z"/>'
    )


def _bar(x0: float, x1: float, y: float) -> tuple[Point, Point, Point, Point]:
    return ((x0, y - 0.7), (x1, y - 0.7), (x1, y + 0.7), (x0, y + 0.7))
