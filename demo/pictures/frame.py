"""A frame as an SVG product shot, drawn from its measurements: temples behind, lenses, front, shadow on the table."""

import math
import zlib

from demo.pictures.finish import front_fill, lens_fill, surface
from demo.pictures.geometry import Point, edge_at, lens_outline, mirror, path, shift, widen
from demo.pictures.palette import TINTS, colours
from demo.pictures.parts import SCALE, at, bridge, end_pieces, hinge_level, material_of, pads, pins, polyline
from demo.pictures.spec import FrameSpec

_RIM = {"acetate": (4.4, 3.1), "nylon": (3.5, 2.7), "metal": (1.35, 1.25), "combination": (1.3, 1.2)}


def draw_frame(spec: FrameSpec) -> str:
    """Return the picture of the frame as an SVG document of 640 by 400."""
    colour = colours()[spec.colour]
    shield = spec.shape == "shield"
    centre = 0.0 if shield else (spec.a + spec.dbl) / 2
    lens = _shield_outline(spec) if shield else lens_outline(spec.shape, width=spec.a, height=spec.b)
    seed = zlib.crc32(spec.name.encode())
    sides = [shift(lens, x=centre)] if shield else [shift(lens, x=centre), mirror(shift(lens, x=centre))]
    thick = material_of(spec) != "metal"
    definitions = (
        front_fill(colour)
        + surface(colour, material=material_of(spec), seed=seed)
        + lens_fill(spec.tint, category=spec.category, gradient=spec.fade)
        + _SHADOW
        + "".join(
            f'<path id="o{n}" d="{path(side, scale=SCALE)}"/><clipPath id="c{n}"><use href="#o{n}"/></clipPath>'
            for n, side in enumerate(sides)
        )
    )
    body = (
        _shadow(spec)
        + f'<g filter="url(#s)" opacity=".96">{_temples(spec, thick=thick)}</g>'
        + "".join(_lens(side, number=n, spec=spec) for n, side in enumerate(sides))
        + (pads(spec, lens=lens, centre=centre) if not shield else "")
        + f'<g filter="url(#s)" fill="url(#f)" stroke="none">{_front(spec, sides=sides, lens=lens, centre=centre)}</g>'
        + (pins(spec) if spec.rim != "rimless" and thick and not shield else "")
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 400" width="640" height="400">'
        f'<defs>{definitions}</defs><g transform="translate(320 {_MIDDLE})">{body}</g></svg>'
    )


_MIDDLE = 186  # where the middle of the bridge lies: a little high, to leave room for the shadow
_SHADOW = (
    '<radialGradient id="g"><stop offset="0" stop-color="#22262b" stop-opacity=".30"/>'
    '<stop offset=".6" stop-color="#22262b" stop-opacity=".10"/>'
    '<stop offset="1" stop-color="#22262b" stop-opacity="0"/></radialGradient>'
)


def _shadow(spec: FrameSpec) -> str:
    floor = (spec.b / 2 + 6.5) * SCALE
    half = spec.width / 2 * SCALE
    parts = [_pool(0, floor + 4, half * 1.12, 22, 'url(#g)" opacity=".55')]
    for sign in (-1, 1):
        if spec.tint != "clear":
            parts.append(_pool(sign * half * 0.5, floor, half * 0.46, 13, f'{TINTS[spec.tint].below}" opacity=".16'))
        parts.append(_pool(sign * half * 0.5, floor, half * 0.56, 15, "url(#g)"))
    return "".join(parts)


def _pool(x: float, y: float, across: float, down: float, fill: str) -> str:
    return f'<ellipse cx="{x:.0f}" cy="{y:.0f}" rx="{across:.0f}" ry="{down}" fill="{fill}"/>'


def _temples(spec: FrameSpec, *, thick: bool) -> str:
    half, level = spec.width / 2, -spec.b * hinge_level(spec)
    near, far = (5.4, 3.2) if thick else (2.0, 1.7)
    ear, drop = 0.735 * half, level + spec.b * 0.42 + 6
    parts = []
    for sign in (-1, 1):
        curves = (
            ((half * 0.93, level - near / 2 - 3.4), (ear + 3, level - 6.6), (ear, level - 3.4)),
            ((ear - 2.2, level + 1), (ear - 2.8, drop - 7), (ear - 3.2, drop)),
            ((ear - 2.6, drop + 1.8), (ear - 3.6 + far, drop + 1.6), (ear - 3.2 + far, drop - 0.4)),
            ((ear - 2.8 + far, drop - 8), (ear - 1.6 + far, level + 1.4), (ear + far * 0.7, level - 1.4 + far * 0.3)),
            ((ear + 4, level - 4.6 + far * 0.4), (half * 0.93, level + near / 2 - 4.2), (half - 0.4, level + near / 2)),
        )
        line = "".join("C" + " ".join(at(sign * x, y) for x, y in curve) for curve in curves)
        parts.append(f'<path d="M{at(sign * (half - 0.4), level - near / 2)}{line}Z" fill="url(#f)"/>')
    return "".join(parts)


def _lens(side: list[Point], *, number: int, spec: FrameSpec) -> str:
    xs, ys = [x for x, _ in side], [y for _, y in side]
    left, top, right, bottom = (edge * SCALE for edge in (min(xs), min(ys), max(xs), max(ys)))
    width = right - left
    shine = 0.17 if spec.tint != "clear" else 0.5
    bands = "".join(
        f'<path opacity="{opacity:.2f}" d="M{left + width * start:.0f} {bottom:.0f}'
        f"L{left + width * (start + 0.36):.0f} {top:.0f}"
        f'h{width * broad:.0f}L{left + width * (start + broad):.0f} {bottom:.0f}z"/>'
        for opacity, start, broad in ((shine, 0.16, 0.2), (shine * 0.7, 0.42, 0.06))
    )
    band = f'<g clip-path="url(#c{number})" fill="#fff">{bands}</g>'
    edge = {"full": "#7c8790", "half": "#7d8b95", "rimless": "#6f7f8b"}[spec.rim]
    thickness = 1.1 if spec.rim == "full" else 1.8
    outline = f'<use href="#o{number}" fill="none" stroke="{edge}" stroke-width="{thickness}" opacity=".75"/>'
    return f'<use href="#o{number}" fill="url(#l)"/>{band}{outline}'


def _front(spec: FrameSpec, *, sides: list[list[Point]], lens: list[Point], centre: float) -> str:
    rims = "".join(_rim(spec, side=side) for side in sides)
    if spec.shape == "shield":
        return rims + end_pieces(spec, edge=max(x for x, _ in sides[0]))
    return (
        rims
        + bridge(spec, lens=lens, centre=centre)
        + end_pieces(spec, edge=centre + edge_at(lens, y=-spec.b * hinge_level(spec), outer=True))
    )


def _rim(spec: FrameSpec, *, side: list[Point]) -> str:
    if spec.rim == "rimless":
        return ""
    top, bottom = _RIM[spec.material]
    inner = path(side, scale=SCALE)
    outer = path(widen(side, top=top, bottom=bottom), scale=SCALE)
    ring = f'<path fill-rule="evenodd" d="{outer}{inner}"/>'
    if spec.rim == "full" and spec.shape != "browline":
        return ring
    thick = widen(side, top=5.6 if spec.shape == "browline" else top, bottom=1.2)
    cut = -spec.b * 0.06 if spec.shape == "browline" else spec.b * 0.02
    upper = [(x, min(y, cut)) for x, y in thick]
    lower = [(x, min(y, cut)) for x, y in side]
    brow = f'<path fill-rule="evenodd" d="{polyline(upper)}{polyline(lower)}"/>'
    wire = path(widen(side, top=0.9, bottom=0.9), scale=SCALE)
    below = f'<path fill-rule="evenodd" fill="#b9a06a" d="{wire}{inner}"/>' if spec.rim == "full" else ""
    return below + brow


def _shield_outline(spec: FrameSpec) -> list[Point]:
    half = lens_outline("shield", width=spec.a, height=spec.b)
    inner = spec.dbl / 2
    right = [(x + spec.a / 2 + inner * 0.2, y) for x, y in half if x > -spec.a * 0.36]
    right.sort(key=lambda point: _turn(point, middle=(spec.a / 2, 0.0)))
    notch = [(inner * 0.9, spec.b * 0.3), (inner * 0.55, spec.b * 0.08), (0.0, spec.b * -0.02)]
    top = [(0.0, -spec.b * 0.49)]
    side = [*top, *right, *notch]
    return [*side, *[(-x, y) for x, y in reversed(side[1:-1])]]


def _turn(point: Point, *, middle: Point) -> float:
    angle = math.atan2(point[0] - middle[0], -(point[1] - middle[1]))
    return angle if angle > -math.pi / 2 else angle + 2 * math.pi
