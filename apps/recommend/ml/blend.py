"""The blend: candidates and scores for a history, from neighbour lists by behaviour and by content, and popularity.

Serving and evaluation call the same function, so what is measured is what is shown.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from apps.recommend.ml.neighbours import Neighbours

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


class Weighted(NamedTuple):
    """A history whose items do not count alike: rows, newest last, and how much each says (not below 0)."""

    rows: Rows
    weights: Weights


class Scored(NamedTuple):
    """Candidates by falling score; `because_row` is the history row that contributed most to each."""

    rows: Rows
    scores: Weights
    because_row: Rows


def score_history(
    arrays: BlendArrays,
    history: Rows | Weighted,
    params: BlendParams,
    *,
    limit: int | None = None,
    covisitation: float | None = None,
    content: float | None = None,
    together: Neighbours | None = None,
) -> Scored:
    """Return the items that fit a history (rows, newest last), best first; ties go to the lower row.

    Weights count against the greatest of them, so that a history whose items weigh the same is one without weights.
    Rows that the model does not know are left out of the history. A `limit` is at least 1.
    `covisitation` and `content` override the weights, so that "similar" can ask for content alone and "also viewed"
    for behaviour alone. `together` is what `blend_lists` made of these arrays: the same answer, sooner, where the
    weights are not overridden. Items of the history may be among the candidates: masking is the caller's choice.
    """
    rows, shares = _shares_of(history, params, len(arrays.popularity))
    if together is not None and covisitation is None and content is None:
        sources = [(together, 1.0)]
    else:
        behaviour, alike = _lists(arrays)
        sources = [(behaviour, _or(covisitation, params.covisitation)), (alike, _or(content, params.content))]
    parts = [_gather(lists, rows, shares * np.float32(factor)) for lists, factor in sources if factor != 0.0]
    given = _joined(parts)
    if given is None or len(given.column) == 0:
        return Scored(np.empty(0, np.int32), np.empty(0, np.float32), np.empty(0, np.int32))
    total = np.bincount(given.column, given.value, minlength=len(arrays.popularity)).astype(np.float64, copy=False)
    best, scores = _best(total, arrays.popularity, params.popularity, limit)
    because = rows[_because(given, best, scratch=total)]
    return Scored(best.astype(np.int32), scores.astype(np.float32), because)


def blend_lists(arrays: BlendArrays, params: BlendParams) -> Neighbours:
    """Return one list of neighbours with the sum of both, weighted as `score_history` does; columns ascend."""
    size = len(arrays.popularity)
    behaviour, alike = (
        sparse.csr_array((lists.weights * np.float32(factor), lists.indices, lists.indptr), shape=(size, size))
        for lists, factor in zip(_lists(arrays), (params.covisitation, params.content), strict=True)
    )
    total = (behaviour + alike).tocsr()
    return Neighbours(
        total.indptr.astype(np.int32), total.indices.astype(np.int32), total.data.astype(np.float32, copy=False)
    )


def _lists(arrays: BlendArrays) -> tuple[Neighbours, Neighbours]:
    return (
        Neighbours(arrays.covis_indptr, arrays.covis_indices, arrays.covis_weights),
        Neighbours(arrays.content_indptr, arrays.content_indices, arrays.content_weights),
    )


class _Given(NamedTuple):
    """What the history's items give to others: the item that gets it, how much, and the place of the giver."""

    column: Rows
    value: Weights
    owner: NDArray[np.intp]


def _joined(parts: list[_Given]) -> _Given | None:
    if len(parts) > 1:
        return _Given(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    return parts[0] if parts else None


def _or(override: float | None, value: float) -> float:
    return value if override is None else override


def _shares_of(history: Rows | Weighted, params: BlendParams, size: int) -> tuple[Rows, Weights]:
    """Return distinct known rows, newest first, and how much each gives: by its newest place, and greatest weight.

    What weighs nothing is not among them.
    """
    weight_of = _weight_of(history) if isinstance(history, Weighted) else None
    rows = history.rows if isinstance(history, Weighted) else history
    known = [row for row in rows[::-1].tolist() if 0 <= row < size and (weight_of is None or weight_of[row] > 0.0)]
    newest_first = np.array(list(dict.fromkeys(known))[: params.max_history], dtype=np.int32)
    shares = np.float32(params.history_decay) ** np.arange(len(newest_first), dtype=np.float32)
    if weight_of is not None and known:
        weights = np.array([weight_of[row] for row in newest_first.tolist()], dtype=np.float32)
        shares *= weights / weights.max()
    return newest_first, shares


def _weight_of(history: Weighted) -> dict[int, float]:
    """Return the greatest weight of each row."""
    found: dict[int, float] = {}
    for row, weight in zip(history.rows.tolist(), history.weights.tolist(), strict=True):
        found[row] = max(weight, found.get(row, 0.0))
    return found


def _gather(lists: Neighbours, rows: Rows, shares: Weights) -> _Given:
    starts = lists.indptr[rows]
    lengths = lists.indptr[rows + 1] - starts
    owner = np.arange(len(rows)).repeat(lengths)
    place = (starts - lengths.cumsum() + lengths)[owner]
    place += np.arange(len(owner))
    return _Given(lists.indices[place], lists.weights[place] * shares[owner], owner)


def _best(
    total: NDArray[np.float64], popularity: Weights, factor: float, limit: int | None
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    found = (total > 0).nonzero()[0]
    scores = total[found]
    scores += factor * popularity[found]
    if limit is not None and limit < len(found):
        kept = scores.argpartition(len(scores) - limit)[len(scores) - limit :]
        kept.sort()
        found, scores = found[kept], scores[kept]
    order = (-scores).argsort(kind="stable")
    return found[order], scores[order]


def _because(given: _Given, rows: NDArray[np.intp], *, scratch: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the owner that gave most to each of the rows; `scratch` is as long as the catalogue and is overwritten."""
    scratch.fill(-1.0)
    scratch[rows] = np.arange(len(rows))
    slot = scratch[given.column].astype(np.intp)
    asked = (slot >= 0).nonzero()[0]
    owner = given.owner[asked]
    place = owner * len(rows) + slot[asked]
    shares = np.bincount(place, given.value[asked], minlength=(int(owner.max()) + 1) * len(rows))
    return np.asarray(shares.reshape(-1, len(rows)).argmax(axis=0))
