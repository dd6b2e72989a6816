"""What costs less than it did."""

import numpy as np

from apps.catalog.contracts import ItemColumns
from apps.recommend.columns import NO_ROWS, Candidates, Question, Shelf
from apps.recommend.shelves.choosing import best, may_answer
from apps.recommend.shelves.derived import derive

NAME = "reduced"
_LOOKED_AT = 4_096  # of the greatest reductions, until enough of them hold at this store and may be answered
_LIKED = 0.5  # how much being popular counts beside the share that is taken off


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return what is reduced where it is asked for: by how much, and by how many look at it.

    A price of a store's own counts for itself: what is not reduced there is not shown there.
    """
    rows = prepare(shelf)
    looked, scored, enough = [NO_ROWS], [np.empty(0)], 0
    for start in range(0, len(rows), _LOOKED_AT):
        part = rows[start : start + _LOOKED_AT]
        scores = _scores(shelf, question, part)
        looked.append(part)
        scored.append(scores)
        enough += int(np.count_nonzero(may_answer(part, question) & (scores > 0.0)))
        if enough >= question.limit:
            break
    return best(np.concatenate(looked), np.concatenate(scored), question)


def _scores(shelf: Shelf, question: Question, rows: np.ndarray) -> np.ndarray:
    """Return float64 [k]: what is taken off, and a little for being liked; 0 where nothing is reduced here."""
    about = question.about
    before = _before(shelf.columns, about.offer.variant[rows], about.store_id)
    taken_off = np.nan_to_num(1.0 - about.offer.price[rows] / before, nan=0.0)
    return np.where(taken_off > 0.0, taken_off + _LIKED * shelf.popularity[rows], 0.0)


def _before(columns: ItemColumns, variants: np.ndarray, store_id: str | None) -> np.ndarray:
    """Return what the prices of these variants are compared with at the store, NaN where with nothing."""
    found = np.where(variants >= 0, columns.compare_at[variants], np.nan)
    special = None if store_id is None else columns.store_price.get(store_id)
    if special is not None and len(special.variants):
        place = np.minimum(np.searchsorted(special.variants, variants), len(special.variants) - 1)
        found = np.where(special.variants[place] == variants, special.compare_at[place], found)
    return found


def prepare(shelf: Shelf, *, again: bool = False) -> np.ndarray:
    """Return the rows that have a reduced variant anywhere, int32, the greatest reduction first.

    again: made anew where prices are other ones
    """
    columns = shelf.columns
    return derive(
        key=(columns.site_id, NAME),
        ground=columns.base_id,
        made_of=(columns.price, columns.compare_at, columns.store_price),
        make=lambda: list_reduced(columns),
        size=len(columns.skus),
        again=again,
    )


def list_reduced(columns: ItemColumns) -> np.ndarray:
    """Return the rows that have a variant whose price is below the one before it, online or at a store of its own."""
    owner = np.repeat(np.arange(len(columns.item_ids)), np.diff(columns.variant_indptr))
    share = np.zeros(len(columns.item_ids))
    reduced = np.flatnonzero(columns.compare_at > columns.price)
    np.maximum.at(share, owner[reduced], 1.0 - columns.price[reduced] / columns.compare_at[reduced])
    for special in columns.store_price.values():
        below = special.compare_at > special.amounts
        there = 1.0 - special.amounts[below] / special.compare_at[below]
        np.maximum.at(share, owner[special.variants[below]], there)
    order = np.argsort(-share, kind="stable")
    return order[: int(np.count_nonzero(share > 0.0))].astype(np.int32)
