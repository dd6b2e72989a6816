"""Which program made a model: the version of the package, and what its sources that decide are like."""

import hashlib
from functools import cache
from pathlib import Path

from django.conf import settings

# What is learned is decided here; a change elsewhere makes no other model of the same data and recipe.
_FOLDERS = ("ml", "training", "features")


@cache
def find_code_version() -> str:
    """Return the version and twelve digits of the sources' SHA-256, `0.1.0+5f0c1d2e3b4a`."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(path for folder in _FOLDERS for path in (root / folder).rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return f"{settings.VERSION}+{digest.hexdigest()[:12]}"
