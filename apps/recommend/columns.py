"""The catalogue as serving uses it: item columns with a model laid over them, and a question put to them as rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from apps.catalog.contracts import ItemColumns
from apps.recommend.ml.blend import BlendArrays, BlendParams, Scored, Weighted, score_history
from apps.recommend.ml.neighbours import Neighbours


@dataclass(frozen=True, slots=True)
class LaidModel:
    """What serving needs of a loaded model version: its arrays and the items that their rows stand for.

    together: the arrays' two neighbour lists as one, by the weights of `params`
    """

    stamp: str
    item_ids: Sequence[str]
    arrays: BlendArrays
    params: BlendParams
    together: Neighbours | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """The item columns of a site and, by their rows, what a model knows. Immutable: a change makes another shelf.

    model_row: int32 [n], row of the item in the model, -1 where the model does not hold it
    column_row: int32 [m], row of the model's item in the columns, -1 where the catalogue no longer has it
    popularity: float32 [n], 0 where unknown
    popular: int32 [<= n], rows with any popularity, most popular first
    newest: int32 [n], rows, newest first
    """

    columns: ItemColumns
    model: "LaidModel | None"
    model_row: np.ndarray
    column_row: np.ndarray
    popularity: np.ndarray
    popular: np.ndarray
    newest: np.ndarray


@dataclass(frozen=True, slots=True)
class Question:
    """What a source is asked, as rows of the columns.

    context: int32, what the page is about
    history: int32, what the shopper did, oldest first, an item once at its latest place
    mask: bool [n], what may be answered
    now: seconds since 1970
    limit: how many candidates are wanted at most
    item_types: the only types that the mask allows, for a source that asks elsewhere; none named means every type
    history_weights: float32, how much each place of the history says; None where all say the same
    """

    context: np.ndarray
    history: np.ndarray
    mask: np.ndarray
    now: float
    limit: int
    item_types: tuple[str, ...] = ()
    history_weights: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows of the columns with their scores, best first; a row appears once, and only where the mask allows it.

    because: the row that led to each candidate, -1 where none did
    """

    rows: np.ndarray
    scores: np.ndarray
    because: np.ndarray


NOTHING = Candidates(
    rows=np.empty(0, dtype=np.int32), scores=np.empty(0, dtype=np.float32), because=np.empty(0, dtype=np.int32)
)


def make_shelf(*, columns: ItemColumns, model: LaidModel | None = None) -> Shelf:
    """Return the columns with the model laid over them; without a model nothing is popular."""
    count = len(columns.item_ids)
    row_of = columns.row_of
    item_ids = () if model is None else model.item_ids
    column_row = np.fromiter((row_of.get(item, -1) for item in item_ids), np.int32, len(item_ids))
    known = np.flatnonzero(column_row >= 0)
    model_row = np.full(count, -1, dtype=np.int32)
    model_row[column_row[known]] = known
    popularity = np.zeros(count, dtype=np.float32)
    if model is not None:
        popularity[column_row[known]] = model.arrays.popularity[known]
    order = np.argsort(-popularity, kind="stable").astype(np.int32)
    return Shelf(
        columns=columns,
        model=model,
        model_row=model_row,
        column_row=column_row,
        popularity=popularity,
        popular=order[: int(np.count_nonzero(popularity > 0))],
        newest=np.argsort(-columns.released_at, kind="stable").astype(np.int32),
    )


def in_order(rows: np.ndarray, question: Question) -> Candidates:
    """Return those of the rows that may be answered, in the given order, with scores that fall along it."""
    kept = rows[question.mask[rows]][: question.limit]
    scores = np.linspace(1.0, 0.0, len(kept), endpoint=False, dtype=np.float32)
    return Candidates(rows=kept, scores=scores, because=np.full(len(kept), -1, dtype=np.int32))


def ask_model(
    shelf: Shelf,
    question: Question,
    rows: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    covisitation: float | None = None,
    content: float | None = None,
) -> Candidates:
    """Return what the model finds for these rows, of what may be answered; nothing where it knows none of them.

    weights: how much each of the rows says; None where all say the same
    covisitation, content: override the weights of the model. First a few are ranked; all only where the mask left too
    few of these.
    """
    if shelf.model is None or not len(rows):
        return NOTHING
    known = shelf.model_row[rows]
    held = known >= 0
    known = known[held]
    if not len(known):
        return NOTHING
    history = known if weights is None else Weighted(known, weights[held])
    arrays, params = shelf.model.arrays, shelf.model.params
    limit: int | None = question.limit * 4 + 60
    while True:
        scored = score_history(
            arrays,
            history,
            params,
            limit=limit,
            covisitation=covisitation,
            content=content,
            together=shelf.model.together,
        )
        found = _from_scored(shelf, question, scored)
        if limit is None or len(found.rows) >= question.limit or len(scored.rows) < limit:
            return found
        limit = None


def _from_scored(shelf: Shelf, question: Question, scored: Scored) -> Candidates:
    rows = shelf.column_row[scored.rows]
    kept = np.flatnonzero((rows >= 0) & question.mask[rows])[: question.limit]  # row -1 reads the last, and is dropped
    return Candidates(rows=rows[kept], scores=scored.scores[kept], because=shelf.column_row[scored.because_row[kept]])
