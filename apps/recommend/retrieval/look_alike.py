"""What looks and sits like the item of the page: millimetres by the boxing system, shape, material, colour.

Nothing is learned from anybody. The items of a type and shape lie sorted by the width of their front, so that a
question looks at the nearest few hundred of each kindred shape, however many there are.
"""

from dataclasses import dataclass

import numpy as np

from apps.catalog.contracts import AttributeColumn, ItemColumns
from apps.recommend.columns import NOTHING, Candidates, Question, Shelf
from apps.recommend.optics.looks import SHAPE, STYLE, TOLERANCES, UNKNOWN, Looks, has_looks, likeness, make_looks
from apps.recommend.shelves.choosing import best, may_answer
from apps.recommend.shelves.derived import derive

NAME = "looks"
_AROUND = 192  # rows on either side, by the width of the front, of each kindred shape
_MOST_AROUND = 3_072  # where so few of these may be answered that the list would stay short
_WIDTH = tuple(TOLERANCES).index("front_width_mm")
_SHAPES = 64  # codes of shapes in one key; more words than there are shapes


@dataclass(frozen=True, slots=True)
class LooksIndex:
    """Looks of all rows, and the rows that have any by type, shape and width of the front.

    keys: int32 [k], ascending, type * 64 + shape; widths: float32 [k], ascending within a key; rows: int32 [k]
    """

    looks: Looks
    keys: np.ndarray
    widths: np.ndarray
    rows: np.ndarray


def find(shelf: Shelf, question: Question) -> Candidates:
    """Return items of the same type that look like the first of the page; nothing where its looks are not known."""
    if not len(question.context):
        return NOTHING
    row = int(question.context[0])
    index = prepare(shelf)
    if row >= len(index.looks.style) or not has_looks(index.looks, row):
        return NOTHING
    around = _AROUND
    while True:
        near = _near(index, row, int(shelf.columns.item_type[row]), around)
        near = near[near != row]
        if around >= _MOST_AROUND or int(may_answer(near, question).sum()) >= question.limit:
            return best(near, likeness(index.looks, row, near), question, because=row)
        around *= 4


def prepare(shelf: Shelf, *, again: bool = False) -> LooksIndex:
    """Return the index of these columns; `again`: made anew where their attributes are other ones."""
    columns = shelf.columns
    return derive(
        key=(columns.site_id, NAME),
        ground=columns.base_id,
        made_of=(columns.attribute_columns, columns.item_type),
        make=lambda: make_index(columns),
        size=len(columns.item_ids),
        again=again,
    )


def make_index(columns: ItemColumns) -> LooksIndex:
    """Return the index of the columns."""
    size, known = len(columns.item_ids), columns.attribute_columns
    numbers = {name: known[name].numbers for name in TOLERANCES if name in known}
    codes = {name: _first(known[name], size) for name in STYLE if name in known}
    shapes = known["shape"].values if "shape" in known else ()
    looks = make_looks(numbers, codes, shapes, size)
    told = np.flatnonzero(~np.isnan(looks.metrics).all(axis=1) | (looks.style[:, SHAPE] != UNKNOWN))
    keys = columns.item_type[told].astype(np.int32) * _SHAPES + np.clip(looks.style[told, SHAPE], 0, _SHAPES - 1)
    widths = np.nan_to_num(looks.metrics[told, _WIDTH], nan=0.0)
    order = np.lexsort((widths, keys))
    return LooksIndex(looks, keys[order], widths[order], told[order].astype(np.int32))


def _first(column: AttributeColumn, size: int) -> np.ndarray:
    """Return the code of the first word of each row, -1 where it has none."""
    found = np.full(size, UNKNOWN, dtype=np.int32)
    having = np.flatnonzero(np.diff(column.indptr) > 0)
    found[having] = column.codes[column.indptr[having]]
    return found


def _near(index: LooksIndex, row: int, item_type: int, around: int) -> np.ndarray:
    """Return the rows of the same type and of a kindred shape whose fronts are nearest in width."""
    shape = int(index.looks.style[row, SHAPE])
    kindred = [0] if shape == UNKNOWN else np.flatnonzero(index.looks.near[shape] > 0).tolist()
    width = np.nan_to_num(index.looks.metrics[row, _WIDTH], nan=0.0)
    parts = []
    for one in kindred:
        key = item_type * _SHAPES + min(one, _SHAPES - 1)
        begin, end = np.searchsorted(index.keys, (key, key + 1))
        middle = begin + int(np.searchsorted(index.widths[begin:end], width))
        parts.append(index.rows[max(begin, middle - around) : min(end, middle + around)])
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int32)
