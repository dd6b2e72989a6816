"""Pictures of everything that is not a frame: drawings in `things/` with a colour and two labels put in."""

import re
from functools import cache
from html import escape
from pathlib import Path
from string import Template

_DRAWINGS = Path(__file__).resolve().parent / "things"
_WORD = "[A-Za-z0-9_+-]"
_NAME = re.compile(
    rf"thing\.(?P<kind>[a-z]+)\.(?P<colour>[0-9a-f]{{6}})\.(?P<label>{_WORD}{{0,24}})\.(?P<mark>{_WORD}{{0,12}})"
)
_STRANGE = re.compile(r"[^A-Za-z0-9_+-]")


def thing_name(*, kind: str, colour: str, label: str = "", mark: str = "") -> str:
    """Return the name of the picture: `label` is printed large (a brand), `mark` small (a pack size)."""
    words = [_STRANGE.sub("", text.replace(" ", "_"))[:limit] for text, limit in ((label, 24), (mark, 12))]
    return f"thing.{kind}.{colour.lstrip('#').lower()}.{words[0]}.{words[1]}"


def draw_thing(name: str) -> str | None:
    """Return the SVG document, or None where the name names nothing that can be drawn."""
    found = _NAME.fullmatch(name)
    if found is None or found["kind"] not in _drawings():
        return None
    words = {part: escape(found[part].replace("_", " ")) for part in ("label", "mark")}
    return _drawings()[found["kind"]].substitute(colour=f"#{found['colour']}", **words)


@cache
def _drawings() -> dict[str, Template]:
    return {file.stem: Template(file.read_text(encoding="utf-8")) for file in sorted(_DRAWINGS.glob("*.svg"))}
