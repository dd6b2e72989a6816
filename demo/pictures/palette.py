"""Colours of frames and tints of lenses, read once from the word lists of the catalogue."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).resolve().parents[1] / "catalogue" / "colours.toml"


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour of a frame: `tones` are base and second tone, `on` the material groups that come in it."""

    key: str
    family: str
    pattern: str
    tones: tuple[str, str]
    on: tuple[str, ...]
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Tint:
    """A lens tint: colour above, colour below (differs where mirrored)."""

    above: str
    below: str
    mirrored: bool = False


TINTS: dict[str, Tint] = {
    "grey": Tint("#2f3439", "#454c52"),
    "green": Tint("#27382c", "#43584a"),
    "brown": Tint("#3d2718", "#7a5638"),
    "blue": Tint("#1d3552", "#4a7399"),
    "rose": Tint("#8b4a57", "#d79a9d"),
    "amber": Tint("#8a5310", "#d9a452"),
    "silver_mirror": Tint("#dfe6ea", "#4c5861", mirrored=True),
    "blue_mirror": Tint("#5ec8ef", "#2b3a9a", mirrored=True),
    "gold_mirror": Tint("#f3d27c", "#a2551f", mirrored=True),
}


@cache
def colours() -> dict[str, Colour]:
    """Return all colours by key."""
    table = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {
        key: Colour(
            key=key,
            family=entry["family"],
            pattern=entry["pattern"],
            tones=(entry["tones"][0], entry["tones"][1]),
            on=tuple(entry["on"]),
            names=entry["names"],
        )
        for key, entry in table.items()
    }
