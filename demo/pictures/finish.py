"""What a frame is made of, as SVG definitions: fills by pattern, and one filter that gives the material its sheen."""

from demo.pictures.palette import TINTS, Colour

# Light on the surface: height of the relief, strength, sharpness, softness of the edge.
_SHEEN = {
    "acetate": (3.4, 0.62, 20, 2.3),
    "nylon": (2.2, 0.32, 9, 2.0),
    "metal": (2.2, 0.62, 16, 0.9),
    "combination": (3.2, 0.6, 18, 1.8),
}
# Share of the light that a filter category lets through, as the opacity of the drawn tint.
TINT_OPACITY = {0: 0.16, 1: 0.42, 2: 0.66, 3: 0.86, 4: 0.95}


def front_fill(colour: Colour, *, name: str = "f") -> str:
    """Return the gradient that fills the front, from upper edge to lower edge of the picture's frame."""
    first, second = colour.tones
    stops = {
        "solid": ((0, second, 1.0), (0.45, first, 1.0), (1, first, 1.0)),
        "matte": ((0, second, 1.0), (1, first, 1.0)),
        "tortoise": ((0, first, 1.0), (1, first, 1.0)),
        "gradient": ((0, first, 1.0), (0.38, first, 1.0), (0.9, second, 0.62)),
        "crystal": ((0, second, 0.95), (0.5, first, 0.8), (1, second, 0.9)),
        "metal": ((0, first, 1.0), (0.3, second, 1.0), (0.45, first, 1.0), (0.7, second, 1.0), (1, first, 1.0)),
    }[colour.pattern]
    inside = "".join(f'<stop offset="{at}" stop-color="{tone}" stop-opacity="{alpha}"/>' for at, tone, alpha in stops)
    box = 'gradientUnits="userSpaceOnUse" x1="0" y1="-90" x2="12" y2="90"'
    return f'<linearGradient id="{name}" {box}>{inside}</linearGradient>'


def surface(colour: Colour, *, material: str, seed: int, name: str = "s") -> str:
    """Return the filter of the material: speckles of tortoise where the colour has them, then the light on it."""
    relief, strength, sharpness, soft = _SHEEN[material]
    if material == "metal" and colour.pattern != "metal":  # lacquer shines less than bare metal
        relief, strength, sharpness, soft = 1.6, 0.4, 9, 1.2
    if colour.pattern == "matte":
        strength, sharpness = 0.22, 7
    speckles = _speckles(colour, seed=seed) if colour.pattern == "tortoise" else '<feOffset result="c"/>'
    return (
        f'<filter id="{name}" x="-4%" y="-8%" width="108%" height="116%" color-interpolation-filters="sRGB">{speckles}'
        f'<feGaussianBlur in="SourceAlpha" stdDeviation="{soft}" result="b"/>'
        f'<feSpecularLighting in="b" surfaceScale="{relief}" specularConstant="{strength}"'
        f' specularExponent="{sharpness}" lighting-color="#fff" result="l">'
        '<feDistantLight azimuth="248" elevation="46"/></feSpecularLighting>'
        '<feComposite in="l" in2="SourceAlpha" operator="in" result="m"/>'
        '<feComposite in="c" in2="m" operator="arithmetic" k2="1" k3="0.85"/></filter>'
    )


def lens_fill(tint: str, *, category: int, gradient: bool) -> str:
    """Return the gradient of the lenses: clear glass, or a tint as dark as its filter category, fading where asked."""
    if tint == "clear":
        stops = (
            '<stop offset="0" stop-color="#dfeaf2" stop-opacity=".5"/>'
            '<stop offset="1" stop-color="#f4f8fb" stop-opacity=".22"/>'
        )
    else:
        colours, dark = TINTS[tint], TINT_OPACITY[category]
        light = dark * 0.34 if gradient else dark * (1.0 if colours.mirrored else 0.93)
        stops = (
            f'<stop offset="0" stop-color="{colours.above}" stop-opacity="{dark:.2f}"/>'
            f'<stop offset="1" stop-color="{colours.below}" stop-opacity="{light:.2f}"/>'
        )
    tilt = 'x2=".25" y2="1"' if tint != "clear" and TINTS[tint].mirrored else 'x2="0" y2="1"'
    return f'<linearGradient id="l" x1="0" y1="0" {tilt}>{stops}</linearGradient>'


def _speckles(colour: Colour, *, seed: int) -> str:
    dark, light = _rgb(colour.tones[1]), _rgb("#e2a350" if colour.family == "tortoise" else "#9db9d6")
    return (
        f'<feTurbulence type="fractalNoise" baseFrequency=".016 .034" numOctaves="3" seed="{seed % 997}" result="n"/>'
        f'<feColorMatrix in="n" values="0 0 0 0 {dark} 3.6 0 0 0 -1.55" result="d"/>'
        f'<feColorMatrix in="n" values="0 0 0 0 {light} 0 4.5 0 0 -2.45" result="h"/>'
        '<feComposite in="h" in2="SourceAlpha" operator="in" result="hi"/>'
        '<feComposite in="d" in2="SourceAlpha" operator="in" result="di"/>'
        '<feMerge result="c"><feMergeNode in="SourceGraphic"/><feMergeNode in="hi"/><feMergeNode in="di"/></feMerge>'
    )


def _rgb(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return f"{red:.2f} 0 0 0 0 {green:.2f} 0 0 0 0 {blue:.2f}"
