"""Habits as plain arrays of an artifact, and back, checked. Versions made before there were any answer without them."""

from collections.abc import Sequence

import numpy as np

from apps.recommend.ml.habits import Habits
from apps.recommend.ml.repeats import RepeatModel, RepeatParams
from apps.recommend.ml.tables import Lists, read_only
from apps.recommend.registry.artifacts import Arrays

_LISTS = ("complements", "bought", "of_stores", "of_categories", "of_words")
_PARTS = {"start": "<i8", "length": "<i4", "indices": "<i4", "weights": "<f4"}
_NAMES = ("store_ids", "category_ids", "words")
_BY_ITEM = ("trend", "sold")
_REPEATS = {"again": "<f4", "log_days": "<f4", "spread": "<f8"}
EXPECTED: dict[str, str] = {
    **{f"habit_{name}_{part}": kind for name in _LISTS for part, kind in _PARTS.items()},
    **{f"habit_{name}": "<f4" for name in _BY_ITEM},
    **{f"habit_{name}": kind for name, kind in _REPEATS.items()},
    **{f"habit_{name}": "|u1" for name in _NAMES},
}


def to_arrays(habits: Habits) -> Arrays:
    """Return the arrays to store in the artifact."""
    arrays = {f"habit_{name}_{part}": getattr(getattr(habits, name), part) for name in _LISTS for part in _PARTS}
    arrays |= {f"habit_{name}": np.asarray(getattr(habits, name), dtype=np.float32) for name in _BY_ITEM}
    arrays |= {f"habit_{name}": _encode(getattr(habits, name)) for name in _NAMES}
    return arrays | {
        "habit_again": habits.repeats.again,
        "habit_log_days": habits.repeats.log_days,
        "habit_spread": np.array([habits.repeats.spread], dtype=np.float64),
    }


def to_habits(arrays: Arrays, size: int) -> tuple[Habits | None, str | None]:
    """Return the habits, None where the artifact holds none, and what does not fit this many items, None if all does.

    The arrays stay mapped.
    """
    if not any(name in arrays for name in EXPECTED):
        return None, None
    for name, kind in EXPECTED.items():
        if name not in arrays or arrays[name].dtype.str != kind:
            return None, f"the array {name} is missing or not of type {kind}"
    lists = {name: Lists(*(read_only(arrays[f"habit_{name}_{part}"]) for part in _PARTS)) for name in _LISTS}
    names = {name: _decode(arrays[f"habit_{name}"]) for name in _NAMES}
    again = read_only(arrays["habit_again"])
    habits = Habits(
        complements=lists["complements"],
        bought=lists["bought"],
        of_stores=lists["of_stores"],
        of_categories=lists["of_categories"],
        of_words=lists["of_words"],
        store_ids=names["store_ids"],
        category_ids=names["category_ids"],
        words=names["words"],
        trend=read_only(arrays["habit_trend"]),
        sold=read_only(arrays["habit_sold"]),
        repeats=RepeatModel(
            log_days=read_only(arrays["habit_log_days"]),
            spread=float(arrays["habit_spread"].sum()),
            again=again,
            params=RepeatParams(max_count=again.shape[-1]),
        ),
    )
    return habits, find_misfit(habits, size)


def find_misfit(habits: Habits, size: int) -> str | None:
    """Return what does not fit this many items; None when every place that is read is there."""
    rows = {
        "complements": size,
        "bought": size,
        "of_stores": len(habits.store_ids),
        "of_categories": len(habits.category_ids),
        "of_words": len(habits.words),
    }
    for name, count in rows.items():
        if not _lists_fit(getattr(habits, name), count, size):
            return f"the lists of {name} do not fit {count} rows of {size} items"
    by_item = (habits.trend, habits.sold, habits.repeats.log_days)
    if any(one.shape != (size,) or not np.isfinite(one).all() for one in by_item):
        return f"habits do not have one finite value for each of {size} items"
    again = habits.repeats.again
    if again.ndim != 2 or len(again) != size or not again.shape[1] or not np.isfinite(again).all():  # noqa: PLR2004 - rows and columns
        return f"habits do not have the chances of each of {size} items"
    return None if 0.0 < habits.repeats.spread < np.inf else "the spread of intervals is not above 0"


def _lists_fit(lists: Lists, count: int, size: int) -> bool:
    start, length, indices, weights = lists
    if start.shape != (count,) or length.shape != (count,) or indices.ndim != 1 or indices.shape != weights.shape:
        return False
    if count and not (start.min() >= 0 and length.min() >= 0 and (start + length).max() <= len(indices)):
        return False
    inside = indices.size == 0 or (int(indices.min()) >= 0 and int(indices.max()) < size)
    return inside and bool(np.isfinite(weights).all())


def _encode(names: Sequence[str]) -> np.ndarray:
    """Return names as one array of bytes; identifiers and words hold no line breaks."""
    data = "\n".join(names).encode()
    return np.frombuffer(data, dtype=np.uint8) if data else np.empty(0, dtype=np.uint8)


def _decode(data: np.ndarray) -> list[str]:
    text = data.tobytes().decode()
    return text.split("\n") if text else []
