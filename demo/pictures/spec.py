"""The address of a picture says all that is drawn, so any process can draw it, and a cache may keep it for ever."""

# ruff: noqa: PLR2004 - the numbers are chances and measurements; a name would only repeat the line that they stand in

import re
from dataclasses import dataclass

from demo.pictures.geometry import OUTLINES
from demo.pictures.palette import TINTS, colours

RIMS = ("full", "half", "rimless")
MATERIALS = ("acetate", "nylon", "metal", "combination")
BRIDGES = ("saddle", "keyhole", "pads")
_FRAME = re.compile(
    r"frame\.(?P<shape>[a-z_]+)\.(?P<rim>[a-z]+)\.(?P<material>[a-z]+)\.(?P<bridge>[a-z]+)\.(?P<colour>[a-z_]+)"
    r"\.(?P<a>\d{2})-(?P<b>\d{2})-(?P<dbl>\d{2})-(?P<width>\d{3})\.(?P<tint>[a-z_]+)-(?P<category>[0-4])(?P<fade>f?)"
)


@dataclass(frozen=True, slots=True)
class FrameSpec:
    """What is seen of a frame; lengths in millimetres, `width` is that of the whole front."""

    shape: str
    rim: str
    material: str
    bridge: str
    colour: str
    a: int
    b: int
    dbl: int
    width: int
    tint: str = "clear"
    category: int = 0
    fade: bool = False

    @property
    def name(self) -> str:
        """The name of the picture, without suffix."""
        size = f"{self.a:02}-{self.b:02}-{self.dbl:02}-{self.width:03}"
        lens = f"{self.tint}-{self.category}{'f' if self.fade else ''}"
        return f"frame.{self.shape}.{self.rim}.{self.material}.{self.bridge}.{self.colour}.{size}.{lens}"


def parse_frame(name: str) -> FrameSpec | None:
    """Return what the name says, or None where it names nothing that can be drawn."""
    found = _FRAME.fullmatch(name)
    if found is None:
        return None
    known = (
        found["shape"] in OUTLINES
        and found["rim"] in RIMS
        and found["material"] in MATERIALS
        and found["bridge"] in BRIDGES
        and found["colour"] in colours()
        and found["tint"] in {"clear", *TINTS}
    )
    sizes = {key: int(found[key]) for key in ("a", "b", "dbl", "width")}
    if not known or sizes["a"] < 20 or sizes["b"] < 15 or sizes["width"] > 170:
        return None
    return FrameSpec(
        shape=found["shape"],
        rim=found["rim"],
        material=found["material"],
        bridge=found["bridge"],
        colour=found["colour"],
        tint=found["tint"],
        category=int(found["category"]),
        fade=bool(found["fade"]),
        **sizes,
    )
