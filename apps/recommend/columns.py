"""The catalogue as serving uses it: item columns with a model laid over them, and a question put to them as rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from apps.catalog.contracts import ItemColumns, Offer
from apps.recommend.ml.engine import Engine, score
from apps.recommend.ml.habits import Habits
from apps.recommend.ml.selection import Allowed, first_allowed, places_left
from apps.recommend.ml.tables import read_only


@dataclass(frozen=True, slots=True)
class LaidModel:
    """What serving needs of a loaded model version: its engine and the items that its rows stand for.

    behaviour, alike: the same engine asked for what came after alone, and for what is like by content alone
    habits: what customers usually do; None for a version made before there were any
    """

    stamp: str
    item_ids: Sequence[str]
    engine: Engine
    behaviour: Engine
    alike: Engine
    habits: Habits | None = None


def lay(*, stamp: str, item_ids: Sequence[str], engine: Engine, habits: Habits | None = None) -> LaidModel:
    """Return the version as serving asks it."""
    silent = engine.mix._replace(covisitation=0.0, transitions=0.0, latent=0.0, content=0.0, neighbours=0.0)
    return LaidModel(
        stamp=stamp,
        item_ids=item_ids,
        engine=engine,
        behaviour=engine._replace(mix=silent._replace(covisitation=1.0)),
        alike=engine._replace(mix=silent._replace(content=1.0)),
        habits=habits,
    )


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


NO_ROWS = np.empty(0, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class About:
    """What a question is about beside rows: the place, the words, and what may be known of the shopper.

    category_id, store_id, search: as the request names them
    picked: int32, rows of the placement's hand-picked list, in its order
    bought: by item id, when it was bought last (seconds since 1970); purposes: those that the shopper consents to
    touched: by item id, when it was touched last, as far as it is stored; orders: purchases that hold, oldest first
    """

    offer: Offer
    category_id: str | None = None
    store_id: str | None = None
    search: str | None = None
    picked: np.ndarray = field(default_factory=lambda: NO_ROWS)
    bought: Mapping[str, float] = field(default_factory=dict)
    purposes: frozenset[str] = frozenset()
    touched: Mapping[str, float] = field(default_factory=dict)
    orders: Sequence[tuple[str, float]] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What a source is asked, as rows of the columns.

    context: int32, what the page is about
    history: int32, what the shopper did, oldest first, an item once at its latest place
    mask: bool [n], what may be answered to whoever asks; shared and read-only
    banned: int32, ascending, what may not be answered to this one
    now: seconds since 1970
    limit: how many candidates are wanted at most
    item_types: the only types that the mask allows, for a source that asks elsewhere; none named means every type
    history_weights: float32, how much each place of the history says; None where all say the same
    memo: what the model said to earlier questions of the same page; None outside of a page
    """

    context: np.ndarray
    history: np.ndarray
    mask: np.ndarray
    banned: np.ndarray
    now: float
    limit: int
    about: About
    item_types: tuple[str, ...] = ()
    history_weights: np.ndarray | None = None
    memo: "Memo | None" = None


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows of the columns with their scores, best first; a row appears once, and only where it may be answered.

    because: the row that led to each candidate, -1 where none did
    counts: int32, a number that the reason of each says, such as days, -1 where none; None where no reason says any
    """

    rows: np.ndarray
    scores: np.ndarray
    because: np.ndarray
    counts: np.ndarray | None = None


# What a model said, by engine, rows, what they say, and mask; the mask is held, as it is known by its place in memory.
Memo = dict[tuple[int, bytes, bytes, int], tuple[np.ndarray, Candidates]]
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
        popularity[column_row[known]] = model.engine.tables.popularity[known]
    order = np.argsort(-popularity, kind="stable").astype(np.int32)
    return Shelf(
        columns=columns,
        model=model,
        model_row=model_row,
        column_row=read_only(column_row),
        popularity=popularity,
        popular=read_only(order[: int(np.count_nonzero(popularity > 0))]),
        newest=read_only(np.argsort(-columns.released_at, kind="stable").astype(np.int32)),
    )


def move_shelf(shelf: Shelf, columns: ItemColumns) -> Shelf:
    """Return the shelf over its columns brought up to date; orders stand where no item is new, gone or re-released."""
    before = shelf.columns
    if columns.row_of is before.row_of and columns.released_at is before.released_at:
        return replace(shelf, columns=columns)
    return make_shelf(columns=columns, model=shelf.model)


def in_order(rows: np.ndarray, question: Question) -> Candidates:
    """Return those of the rows (int32) that may be answered, in the given order, with scores that fall along it."""
    kept = first_allowed(read_only(rows), question.mask, question.banned, question.limit)
    scores = 1.0 - np.arange(len(kept), dtype=np.float32) / max(len(kept), 1)
    return Candidates(rows=kept, scores=scores, because=np.full(len(kept), -1, dtype=np.int32))


class _Asked(NamedTuple):
    """rows: int32; weights: float32, how much each of them says, or None."""

    rows: np.ndarray
    engine: Engine
    weights: np.ndarray | None


def ask_model(
    shelf: Shelf, question: Question, rows: np.ndarray, *, engine: Engine, weights: np.ndarray | None = None
) -> Candidates:
    """Return what the engine finds for these rows, of what may be answered; nothing where it knows none of them.

    engine: that of the shelf's model, or one of its halves, which the ranker has no say in
    weights: how much each of the rows says; None where all say the same

    Slots of one page that ask the same of the same items share one answer: what others show is left out of it.
    """
    asked = _Asked(rows, engine, weights)
    if question.memo is None:
        return _ask(shelf, question, asked, question.limit)
    key = id(engine), rows.tobytes(), b"" if weights is None else weights.tobytes(), id(question.mask)
    if key not in question.memo:
        question.memo[key] = question.mask, _ask(shelf, question, asked, None)
    _, found = question.memo[key]
    left = _without(found, question)
    if len(left.rows) == question.limit or len(found.rows) < engine.mix.candidates:
        return left
    return _ask(shelf, question, asked, question.limit)


def _without(found: Candidates, question: Question) -> Candidates:
    """Return what is not banned, at most as many as are asked for."""
    kept = places_left(found.rows, question.banned, question.limit)
    return Candidates(rows=found.rows[kept], scores=found.scores[kept], because=found.because[kept])


def _ask(shelf: Shelf, question: Question, asked: "_Asked", limit: int | None) -> Candidates:
    rows, engine, weights = asked.rows, asked.engine, asked.weights
    model = shelf.model
    if model is None or not len(rows):
        return NOTHING
    found = score(
        engine,
        shelf.model_row[rows],
        shares=weights,
        allowed=Allowed(question.mask, shelf.column_row, question.banned),
        limit=limit,
        ranked=engine is model.engine,
        placed=True,
    )
    return Candidates(rows=found.rows, scores=found.scores, because=found.because_row)
