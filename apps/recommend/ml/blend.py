"""The blend: candidates and scores for a history, from neighbour lists by behaviour and by content, and popularity.

Serving and evaluation call the same function, so what is measured is what is shown.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int32]
Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class BlendParams:
    """How much each source counts, and how fast the past fades.

    history_decay: factor per step back in the history
    max_history: only this many newest items count
    """

    covisitation: float = 1.0
    content: float = 0.1
    popularity: float = 0.02
    history_decay: float = 0.7
    max_history: int = 20


class BlendArrays(Protocol):
    """What the blend reads: neighbour lists as CSR (columns by falling weight) and popularity between 0 and 1."""

    @property
    def covis_indptr(self) -> Rows: ...
    @property
    def covis_indices(self) -> Rows: ...
    @property
    def covis_weights(self) -> Weights: ...
    @property
    def content_indptr(self) -> Rows: ...
    @property
    def content_indices(self) -> Rows: ...
    @property
    def content_weights(self) -> Weights: ...
    @property
    def popularity(self) -> Weights: ...


class Scored(NamedTuple):
    """Candidates by falling score; `because_row` is the history row that contributed most to each."""

    rows: Rows
    scores: Weights
    because_row: Rows


def score_history(
    arrays: BlendArrays,
    history_rows: Rows,
    params: BlendParams,
    *,
    limit: int | None = None,
    covisitation: float | None = None,
    content: float | None = None,
) -> Scored:
    """Return the items that fit a history (rows, newest last), best first; ties go to the lower row.

    Rows that the model does not know are left out of the history.
    `covisitation` and `content` override the weights, so that "similar" can ask for content alone and "also viewed"
    for behaviour alone. Items of the history may be among the candidates: masking is the caller's choice.
    """
    history, decay = _weighted_history(history_rows, params, len(arrays.popularity))
    sources = (
        (arrays.covis_indptr, arrays.covis_indices, arrays.covis_weights, _or(covisitation, params.covisitation)),
        (arrays.content_indptr, arrays.content_indices, arrays.content_weights, _or(content, params.content)),
    )
    columns: list[Rows] = []
    values: list[Weights] = []
    owners: list[int] = []
    for indptr, indices, weights, factor in sources:
        if factor == 0.0:
            continue
        for position, (row, share) in enumerate(zip(history, decay, strict=True)):
            start, stop = indptr[row], indptr[row + 1]
            if start != stop:
                columns.append(indices[start:stop])
                values.append(weights[start:stop] * np.float32(factor * share))
                owners.append(position)
    if not columns:
        return _nothing()
    return _ranked(arrays, columns, values, owners, history, params.popularity, limit)


def _or(override: float | None, value: float) -> float:
    return value if override is None else override


def _weighted_history(history_rows: Rows, params: BlendParams, size: int) -> tuple[list[int], list[float]]:
    """Return distinct known rows, newest first, each with the weight of its newest place."""
    known = (row for row in reversed(history_rows.tolist()) if 0 <= row < size)
    newest_first = list(dict.fromkeys(known))[: params.max_history]
    return newest_first, [params.history_decay**step for step in range(len(newest_first))]


def _ranked(
    arrays: BlendArrays,
    columns: list[Rows],
    values: list[Weights],
    owners: list[int],
    history: list[int],
    popularity: float,
    limit: int | None,
) -> Scored:
    column, value = np.concatenate(columns), np.concatenate(values)
    total = np.bincount(column, value, minlength=len(arrays.popularity))
    found = np.flatnonzero(total)
    scores = total[found]
    scores += popularity * arrays.popularity[found]
    if limit is not None and limit < len(found):
        kept = np.sort(np.argpartition(-scores, limit - 1)[:limit])
        found, scores = found[kept], scores[kept]
    order = np.argsort(-scores, kind="stable")
    rows = found[order]
    owner = np.repeat(np.asarray(owners), [len(part) for part in columns])
    because = _because(column, value, owner, rows, total)
    return Scored(rows.astype(np.int32), scores[order].astype(np.float32), np.asarray(history, dtype=np.int32)[because])


def _because(
    column: Rows,
    value: Weights,
    owner: NDArray[np.intp],
    rows: NDArray[np.intp],
    scratch: NDArray[np.float64],
) -> NDArray[np.intp]:
    """Return for each of the rows the owner that gave it most; `scratch` is as long as the catalogue and is overwritten."""
    scratch.fill(-1.0)
    scratch[rows] = np.arange(len(rows))
    slot = scratch[column].astype(np.intp)
    asked = np.flatnonzero(slot >= 0)
    place = owner[asked] * len(rows) + slot[asked]
    shares = np.bincount(place, value[asked], minlength=(int(owner.max()) + 1) * len(rows))
    return np.asarray(shares.reshape(-1, len(rows)).argmax(axis=0))


def _nothing() -> Scored:
    return Scored(np.empty(0, np.int32), np.empty(0, np.float32), np.empty(0, np.int32))
