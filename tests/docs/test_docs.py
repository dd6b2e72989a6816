"""The documentation against the program: links, commands, variables and every closed list."""

import re
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
from django.core.management import get_commands

from apps.catalog.conf.checking import ITEM_ATTRIBUTES, VARIANT_ATTRIBUTES
from apps.catalog.contracts import ItemType
from apps.profiles.contracts import PUBLISHABLE_SCOPES, PURPOSES, SCOPES
from apps.recommend.contracts.placements import Strategy
from apps.tracking.contracts import EVENT_TYPES, DropReason

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
REFERENCE = ROOT / "docs" / "reference"

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
# A variable is read by a reader of `env`, or from the environment itself.
_READ = re.compile(r"""(?:env\.(?:text|words|flag|integer|number|secret)\(|environ(?:\.get\(|\[))\s*"([A-Z_]+)""")
_SECRET = re.compile(r'env\.secret\("([A-Z_]+)"')
_NOT_OURS = {"PATH"}
# Shipped with the demo's own settings, which this process does not run with.
_DEMO_COMMANDS = ROOT / "demo" / "shop" / "management" / "commands"


@cache
def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _anchors(page: Path) -> set[str]:
    headings = _HEADING.findall(_FENCE.sub("", _text(page)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def _section(page: Path, heading: str) -> str:
    """Return the text below the heading, up to the next one of any level."""
    _, _, rest = _text(page).partition(f"\n## {heading}\n")
    assert rest, f"{_name(page)} has no section {heading}"
    return re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def _program() -> list[Path]:
    return [path for folder in ("specrec", "bench", "demo") for path in (ROOT / folder).rglob("*.py")]


def _broken(page: Path) -> list[str]:
    found = []
    for link in _LINK.findall(_FENCE.sub("", _text(page))):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            found.append(link)
    return found


class TestLinks:
    @pytest.mark.parametrize("page", PAGES, ids=_name)
    def test_relative_links_lead_somewhere(self, page: Path) -> None:
        assert _broken(page) == []

    def test_every_page_is_in_the_map(self) -> None:
        docs = ROOT / "docs"
        linked = {(docs / link.partition("#")[0]).resolve() for link in _LINK.findall(_text(docs / "README.md"))}
        pages = {page for page in PAGES if page.parent.parent == docs and page.parent.name != "decisions"}
        assert {_name(page) for page in pages - linked} == set()


class TestCommands:
    def test_make_targets_exist(self) -> None:
        targets = set(re.findall(r"^([a-z-]+):", _text(ROOT / "Makefile"), re.MULTILINE))
        programs = [path for path in (ROOT / "bench").glob("*.py") if "__main__" in _text(path)]
        targets |= {f"bench-{path.stem.replace('_', '-')}" for path in programs}
        named = {name for page in PAGES for name in re.findall(r"make ([a-z](?:[a-z-]*[a-z])?)", _code(page))}
        assert named - targets == set()
        assert {"demo", "test"} <= named

    def test_management_commands_exist(self) -> None:
        known = set(get_commands()) | {path.stem for path in _DEMO_COMMANDS.glob("*.py")}
        named = {name for page in PAGES for name in re.findall(r"manage\.py ([a-z_]+)", _text(page))}
        assert named - known == set()

    def test_our_own_commands_are_in_the_reference(self) -> None:
        found = [path for folder in ("specrec", "apps", "demo") for path in (ROOT / folder).rglob("commands/*.py")]
        ours = {path.stem for path in found if path.stem != "__init__"}
        named = set(re.findall(r"manage\.py ([a-z_]+)", _text(REFERENCE / "commands.md")))
        assert ours - named == set()


class TestLists:
    def test_variables(self) -> None:
        read = {name for path in _program() for name in _READ.findall(_text(path))} - _NOT_OURS
        read |= {f"{name}_FILE" for path in _program() for name in _SECRET.findall(_text(path))}
        assert set(_ROW.findall(_text(REFERENCE / "configuration.md"))) == read

    def test_event_types(self) -> None:
        assert _ROW.findall(_section(REFERENCE / "events.md", "Types")) == list(EVENT_TYPES)

    def test_drop_reasons(self) -> None:
        assert _ROW.findall(_section(REFERENCE / "events.md", "Results")) == [reason.value for reason in DropReason]

    def test_strategies(self) -> None:
        assert set(_ROW.findall(_section(REFERENCE / "strategies.md", "All strategies"))) == set(get_args(Strategy))

    def test_scopes(self) -> None:
        assert set(re.findall(r"`([^`]+)`", _section(REFERENCE / "rest.md", "Scopes"))) == set(SCOPES)

    def test_scopes_of_publishable_keys(self) -> None:
        (row,) = re.findall(
            r"^\| publishable \|.*\|([^|]+)\|$", _text(ROOT / "docs/how-to/keys-and-rotation.md"), re.MULTILINE
        )
        assert set(re.findall(r"`([^`]+)`", row)) == set(PUBLISHABLE_SCOPES)

    def test_purposes(self) -> None:
        first = _text(ROOT / "docs/explanation/consent.md").partition(" are ")[2].partition(". ")[0]
        assert re.findall(r"`([^`]+)`", first) == list(PURPOSES)

    def test_item_types(self) -> None:
        named = re.findall(r"^### `([a-z_]+)`$", _text(REFERENCE / "catalogue.md"), re.MULTILINE)
        assert sorted(named) == sorted(get_args(ItemType))

    def test_attributes(self) -> None:
        sections = re.split(r"^### ", _text(REFERENCE / "catalogue.md"), flags=re.MULTILINE)[1:]
        named = {part.partition("\n")[0].strip("`"): set(_ROW.findall(part)) for part in sections}
        common = {"extra", "tags"}
        frames = set(ITEM_ATTRIBUTES["frame"].__struct_fields__)
        expected = {kind: set(struct.__struct_fields__) - common for kind, struct in ITEM_ATTRIBUTES.items()}
        expected["sunglasses"] -= frames
        expected["generic"] = set()
        expected["Variants of `frame` and `sunglasses"] = set(VARIANT_ATTRIBUTES["frame"].__struct_fields__) - common
        assert named == expected


def _code(page: Path) -> str:
    """Return only what is set as code: prose makes sense, and other things, too."""
    text = _text(page)
    fenced = "\n".join(_FENCE.findall(text))
    return fenced + "\n" + "\n".join(re.findall(r"`[^`\n]+`", _FENCE.sub("", text)))
