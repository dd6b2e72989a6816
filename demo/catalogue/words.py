"""The word lists of the demo, read once."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).resolve().parent
LANGUAGES = ("en", "de")


@cache
def table(name: str) -> dict[str, Any]:
    """Return the word list `name`.toml."""
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def word(group: str, key: str, language: str) -> str:
    """Return the word for `key` of a group of `words.toml`, in the language."""
    text: str = table("words")[group][key][language]
    return text
