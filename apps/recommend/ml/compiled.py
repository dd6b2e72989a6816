"""Compilation of inner loops to machine code (numba), kept on disk so that only the first process ever pays for it.

A kept copy is as good as the file that it came from, not those that it calls: the folder is therefore named by all
sources here. `NUMBA_CACHE_DIR` says where it lies; without it beside the sources, or where the user's own files may.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _name_of_sources() -> str:
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _folder() -> str:
    told = os.environ.get("NUMBA_CACHE_DIR")
    if told:
        base = Path(told)
    elif os.access(Path(__file__).parent, os.W_OK):
        base = Path(__file__).parent / "__pycache__"
    else:
        base = Path.home() / ".cache" / "specrec"
    return str(base / f"compiled-{_name_of_sources()}")


vars(numba.config)["CACHE_DIR"] = _folder()


def compiled(function: _Function) -> _Function:
    """Return the function as machine code; it holds no lock of the interpreter, so threads run it side by side."""
    made: Any = numba.njit(cache=True, nogil=True)(function)
    return cast("_Function", made)
