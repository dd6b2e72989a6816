"""The items of each kind (a type, and the word of the item for itself), those that sell most first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from apps.recommend.columns import NO_ROWS, Shelf
from apps.recommend.optics.complements import Kind
from apps.recommend.shelves.derived import derive

NAME = "kinds"
# Types that are found by kind: what completes something else, and services. Of frames there is no need.
TYPES = ("accessory", "solution", "hearing", "service", "lens_option")
WORDS = {"solution": "solution_type"}
MOST = 2_000  # of each kind; nobody is offered more cloths than that


@dataclass(frozen=True, slots=True)
class Kinds:
    """Rows by kind, int32, best first. Under ("solution", "") are all solutions.

    facts: by row its type and attributes, remembered on use; of rows of these kinds only, so that it stays bounded
    """

    by_kind: Mapping[Kind, np.ndarray]
    facts: dict[int, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)

    def rows_of(self, kind: Kind) -> np.ndarray:
        """Return the rows of this kind; none where there are none."""
        return self.by_kind.get(kind, NO_ROWS)


def prepare(shelf: Shelf, *, again: bool = False) -> Kinds:
    """Return the kinds of these columns; `again`: made anew where their attributes are other ones."""
    columns, model = shelf.columns, shelf.model
    return derive(
        key=(columns.site_id, NAME if model is None else f"{NAME} {model.stamp}"),
        ground=columns.base_id,
        made_of=(columns.attribute_columns, columns.item_type, None if model is None else model.item_ids),
        make=lambda: make_kinds(shelf),
        size=len(columns.item_ids),
        again=again,
    )


def make_kinds(shelf: Shelf) -> Kinds:
    """Return the kinds; the order is that of popularity, then of the catalogue."""
    columns = shelf.columns
    order = np.argsort(-shelf.popularity, kind="stable").astype(np.int32)
    found: dict[Kind, np.ndarray] = {}
    for item_type in (name for name in TYPES if name in columns.item_types):
        rows = order[columns.item_type[order] == columns.item_types.index(item_type)]
        found[(item_type, "")] = rows[:MOST]
        column = columns.attribute_columns.get(WORDS.get(item_type, "kind"))
        if column is None:
            continue
        having = rows[np.diff(column.indptr)[rows] > 0]
        codes = column.codes[column.indptr[having]]
        for code in np.unique(codes).tolist():
            found[(item_type, column.values[code])] = having[codes == code][:MOST]
    return Kinds(found)
