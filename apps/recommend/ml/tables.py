"""What the engine reads, as tuples of arrays that compiled functions take as they are.

All arrays are read-only and C-ordered: a compiled function is made for exact types, and what comes mapped from a file
must have the types of what was just fitted.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_MOST = 1_000_000
Rows = NDArray[np.int32]
Places = NDArray[np.int64]
Weights = NDArray[np.float32]


class Lists(NamedTuple):
    """Columns of row r are indices[start[r] : start[r] + length[r]], with weights. int64, int32, int32, float32."""

    start: Places
    length: Rows
    indices: Rows
    weights: Weights


class Sessions(NamedTuple):
    """Which sessions hold an item, newest first, and what each session holds, oldest first.

    item_start: int64 [n + 1], item_sessions: int32; session_start: int64 [s + 1], session_items: int32
    age: float32 [s], 0 for the newest session, 1 for the oldest
    """

    item_start: Places
    item_sessions: Rows
    session_start: Places
    session_items: Rows
    age: Weights


class Tables(NamedTuple):
    """Everything that was learned, by row of the item.

    covisitation: rows ascending; a weight is to be multiplied by row_factor of the row and column_factor of the column
    transitions, latent, content: lists by falling weight
    vectors: float32 [n, d], unit length or zeros; popularity, recent: float32 [n], between 0 and 1
    """

    covisitation: Lists
    row_factor: Weights
    column_factor: Weights
    transitions: Lists
    latent: Lists
    content: Lists
    vectors: Weights
    popularity: Weights
    recent: Weights
    sessions: Sessions


@dataclass(frozen=True, slots=True)
class MixParams:
    """How candidates are found and brought together; what each source weighs, 0 for one that is not asked.

    history_decay: factor per step back in the history; max_history: only so many newest different items count
    transition_decay: the same for transitions, which forget sooner
    repeats: whether items of the history may be answered; own: what such an item has beforehand
    candidates: how many the sources bring together, which is what a share among the candidates is of
    ranked: so many of them, the best by the blend, are put in order by the ranker; those behind follow as they were
        (0: it looks at all)
    neighbours_*: of session nearest neighbours: newest sessions looked at by item, how many of the nearest count, and
        how fast weight fades with the steps back in the history, with the age of a session (0 to 1), and with the
        distance from the shared item
    """

    history_decay: float = 0.6
    max_history: int = 20
    covisitation: float = 1.0
    transitions: float = 0.0
    transition_decay: float = 0.3
    latent: float = 0.05
    content: float = 0.05
    neighbours: float = 0.0
    popularity: float = 0.001
    own: float = 0.0
    repeats: bool = False
    candidates: int = 100
    ranked: int = 0
    neighbours_newest: int = 1_000
    neighbours_kept: int = 500
    neighbours_step: float = 2.0
    neighbours_age: float = 0.3
    neighbours_distance: float = 3.0

    def __post_init__(self) -> None:
        """Raise ValueError for what compiled functions, which look at nothing, would divide by or count down from."""
        for name in Mix.__annotations__:
            if not math.isfinite(getattr(self, name)):
                message = f"{name} is not a finite number"
                raise ValueError(message)
        for name in ("max_history", "neighbours_newest", "neighbours_kept", "candidates"):
            if not 1 <= getattr(self, name) <= _MOST:
                message = f"{name} is not between 1 and {_MOST}"
                raise ValueError(message)
        if not 0 <= self.ranked <= _MOST:
            message = f"ranked is not between 0 and {_MOST}"
            raise ValueError(message)
        for name in ("neighbours_step", "neighbours_age", "neighbours_distance"):
            if getattr(self, name) <= 0.0:
                message = f"{name} is not above 0"
                raise ValueError(message)


class Mix(NamedTuple):
    """The same as compiled functions take it."""

    history_decay: float
    max_history: int
    covisitation: float
    transitions: float
    transition_decay: float
    latent: float
    content: float
    neighbours: float
    popularity: float
    own: float
    repeats: bool
    candidates: int
    ranked: int
    neighbours_newest: int
    neighbours_kept: int
    neighbours_step: float
    neighbours_age: float
    neighbours_distance: float


def make_mix(params: MixParams) -> Mix:
    """Return the parameters with exactly the types that compiled functions are made for."""
    return Mix(**{name: kind(getattr(params, name)) for name, kind in Mix.__annotations__.items()})


def read_only(array: np.ndarray) -> np.ndarray:
    """Return the array C-ordered and read-only, as all tables are."""
    plain = np.ascontiguousarray(array)
    shown = plain.view()
    shown.flags.writeable = False
    return shown


def make_lists(indptr: np.ndarray, indices: np.ndarray, weights: np.ndarray) -> Lists:
    """Return CSR lists as tables hold them."""
    start = np.asarray(indptr[:-1], dtype=np.int64)
    length = np.diff(indptr).astype(np.int32)
    return Lists(
        read_only(start),
        read_only(length),
        read_only(np.asarray(indices, dtype=np.int32)),
        read_only(np.asarray(weights, dtype=np.float32)),
    )


def no_lists(size: int) -> Lists:
    """Return lists of which every one is empty."""
    return make_lists(np.zeros(size + 1, dtype=np.int64), np.empty(0), np.empty(0))
