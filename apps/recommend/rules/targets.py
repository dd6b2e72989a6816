"""Which items a rule is about, and by what they are grouped, as rows of the columns."""

import numpy as np
from numpy.typing import NDArray

from apps.catalog import api as catalog
from apps.catalog.contracts import ItemColumns
from apps.recommend.contracts.rules import Target
from apps.recommend.rules.plan import NO_ROWS


def named_rows(target: Target, columns: ItemColumns) -> NDArray[np.int32]:
    """Return int32, the rows of the items that the target names and this site knows, in the order of the target."""
    row_of = columns.row_of
    rows = [row_of[item] for item in dict.fromkeys(target.item_ids) if item in row_of]
    return np.array(rows, dtype=np.int32) if rows else NO_ROWS


def filter_of(target: Target) -> catalog.Filter | None:
    """Return the filter of the target, None where it has none; raises Invalid for a text that is no filter."""
    return catalog.parse_filter(target.filter, field="target.filter") if target.filter else None


def group_codes(group_by: str, columns: ItemColumns) -> NDArray[np.int32]:
    """Return int32 [n], the group of each item, -1 for those that have none.

    group_by: "brand", "item_type", "category" (the first that an item names) or the name of an attribute (its first
    value); an attribute that nobody has groups nothing
    """
    if group_by == "brand":
        nameless = np.array([not name for name in columns.brands], dtype=np.bool_)
        return np.where(nameless[columns.brand], -1, columns.brand).astype(np.int32) if len(nameless) else columns.brand
    if group_by == "item_type":
        return columns.item_type.astype(np.int32)
    if group_by == "category":
        return _first_of(columns.category_indptr, columns.category_indices)
    column = columns.attribute_columns.get(group_by)
    if column is None:
        return np.full(len(columns.item_ids), -1, dtype=np.int32)
    codes = _first_of(column.indptr, column.codes)
    measured = (codes < 0) & ~np.isnan(column.numbers)
    values, number_codes = np.unique(column.numbers[measured], return_inverse=True)
    if len(values):
        codes[measured] = number_codes + len(column.values)
    return codes


def _first_of(indptr: NDArray[np.int32], codes: NDArray[np.int32]) -> NDArray[np.int32]:
    first = np.full(len(indptr) - 1, -1, dtype=np.int32)
    having = np.flatnonzero(np.diff(indptr) > 0)
    first[having] = codes[indptr[having]]
    return first
