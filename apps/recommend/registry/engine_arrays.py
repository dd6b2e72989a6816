"""An engine as plain arrays of an artifact, and back, checked: compiled loops do not look where they read."""

import numpy as np

from apps.recommend.ml.engine import Engine
from apps.recommend.ml.signals import WIDTH
from apps.recommend.ml.tables import Lists, Mix, Sessions, Tables, read_only
from apps.recommend.ml.trees import DTYPES as TREES
from apps.recommend.ml.trees import Trees, find_fault
from apps.recommend.registry.artifacts import Arrays

# Prefix in the artifact -> which lists of the tables they are. Co-visitation is what `live_base` goes on from.
_LISTS = {"pairs": "covisitation", "transitions": "transitions", "latent": "latent", "content": "content"}
_OF_LISTS = {"start": "<i8", "length": "<i4", "indices": "<i4", "weights": "<f4"}
_BY_ITEM = {"row_factor": "<f4", "column_factor": "<f4", "popularity": "<f4", "recent": "<f4"}
_SESSIONS = {"item_start": "<i8", "item_sessions": "<i4", "session_start": "<i8", "session_items": "<i4", "age": "<f4"}
_VECTORS = "latent_vectors"


def _name(prefix: str, part: str) -> str:
    return "pairs_counts" if (prefix, part) == ("pairs", "weights") else f"{prefix}_{part}"


EXPECTED: dict[str, str] = {
    **{_name(prefix, part): kind for prefix in _LISTS for part, kind in _OF_LISTS.items()},
    **_BY_ITEM,
    **{f"sessions_{part}": kind for part, kind in _SESSIONS.items()},
    **{f"tree_{part}": kind for part, kind in TREES.items()},
    _VECTORS: "<f4",
}


def to_arrays(engine: Engine) -> Arrays:
    """Return everything but the mix, which is told by the parameters of the version."""
    tables = engine.tables
    arrays = {
        _name(prefix, part): getattr(getattr(tables, field), part)
        for prefix, field in _LISTS.items()
        for part in _OF_LISTS
    }
    arrays |= {name: getattr(tables, name) for name in _BY_ITEM}
    arrays |= {f"sessions_{part}": getattr(tables.sessions, part) for part in _SESSIONS}
    arrays |= {f"tree_{part}": getattr(engine.trees, part) for part in TREES}
    return arrays | {_VECTORS: tables.vectors}


def to_engine(arrays: Arrays, mix: Mix) -> Engine:
    """Return the engine; the arrays stay mapped."""
    held = {name: read_only(arrays[name]) for name in EXPECTED}
    lists = {field: Lists(*(held[_name(prefix, part)] for part in Lists._fields)) for prefix, field in _LISTS.items()}
    tables = Tables(
        covisitation=lists["covisitation"],
        row_factor=held["row_factor"],
        column_factor=held["column_factor"],
        transitions=lists["transitions"],
        latent=lists["latent"],
        content=lists["content"],
        vectors=held[_VECTORS],
        popularity=held["popularity"],
        recent=held["recent"],
        sessions=Sessions(**{part: held[f"sessions_{part}"] for part in _SESSIONS}),
    )
    return Engine(tables, mix, Trees(**{part: held[f"tree_{part}"] for part in TREES}))


def find_misfit(engine: Engine, size: int) -> str | None:
    """Return what does not fit this many items; None when every place that the engine will read is there."""
    tables = engine.tables
    for prefix, field in _LISTS.items():
        if not _fits(getattr(tables, field), size):
            return f"the {prefix} lists do not fit {size} items"
    for name in _BY_ITEM:
        if getattr(tables, name).shape != (size,) or not _finite(getattr(tables, name)):
            return f"{name} does not have one finite value for each of {size} items"
    if tables.vectors.ndim != 2 or len(tables.vectors) != size or not _finite(tables.vectors):  # noqa: PLR2004 - rows and columns
        return f"{_VECTORS} does not have one finite vector for each of {size} items"
    if not _sessions_fit(tables.sessions, size):
        return f"the sessions do not fit {size} items"
    fault = find_fault(engine.trees, WIDTH)
    return None if fault is None else f"the ranker cannot be walked: {fault}"


def _fits(lists: Lists, size: int) -> bool:
    return rows_fit(*lists, size=size) and _finite(lists.weights)


def rows_fit(start: np.ndarray, length: np.ndarray, indices: np.ndarray, values: np.ndarray, *, size: int) -> bool:
    """Return whether every row of a table of this many rows and columns lies within its columns and values."""
    if start.shape != (size,) or length.shape != (size,) or indices.ndim != 1 or indices.shape != values.shape:
        return False
    # Each apart from their sum, which begins again below zero where it is too large.
    if size and not (start.min() >= 0 and length.min() >= 0 and start.max() <= len(indices)):
        return False
    return not (size and (start + length).max() > len(indices)) and _inside(indices, size)


def _sessions_fit(sessions: Sessions, size: int) -> bool:
    count = len(sessions.age)
    return (
        all(part.ndim == 1 for part in sessions)
        and _finite(sessions.age)
        and _bounds(sessions.item_start, size, len(sessions.item_sessions))
        and _bounds(sessions.session_start, count, len(sessions.session_items))
        and _inside(sessions.item_sessions, count)
        and _inside(sessions.session_items, size)
    )


def _bounds(start: np.ndarray, count: int, size: int) -> bool:
    ordered = start.shape == (count + 1,) and bool((np.diff(start) >= 0).all())
    return ordered and int(start[0]) == 0 and int(start[-1]) == size


def _finite(values: np.ndarray) -> bool:
    return bool(np.isfinite(values).all())


def _inside(rows: np.ndarray, size: int) -> bool:
    return rows.size == 0 or (int(rows.min()) >= 0 and int(rows.max()) < size)
