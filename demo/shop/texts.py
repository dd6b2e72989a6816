"""The words of the pages, by language; templates and scripts read the same ones."""

import json
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent / "texts"


@cache
def texts(language: str) -> dict[str, str]:
    """Return all words of the language."""
    words: dict[str, str] = json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return words
