"""What an editor wants to know of a filter: how much it lets through, and what in it can never match."""

import msgspec
import numpy as np

from apps.catalog.contracts import ItemColumns
from apps.catalog.filters.fields import ATTRIBUTE, bare_names
from apps.catalog.filters.tree import Filter, InStockAt, Value
from apps.catalog.filters.walk import fields_of, parts_of

EXAMPLES = 5


class FilterCheck(msgspec.Struct, frozen=True):
    """What a filter is good for: as it is understood, how many published items it lets through, and of how many.

    examples: the first of them; warnings: what is no error, yet never matches, such as an attribute that no item has
    """

    filter: str
    matching: int
    items: int
    examples: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def report(asked: Filter, found: np.ndarray, columns: ItemColumns) -> FilterCheck:
    """Return what the filter does to the published items, given bool [n] of those that it lets through."""
    rows = np.flatnonzero(found & columns.published)
    return FilterCheck(
        filter=asked.key,
        matching=len(rows),
        items=int(columns.published.sum()),
        examples=tuple(columns.item_ids[row] for row in rows[:EXAMPLES].tolist()),
        warnings=tuple(dict.fromkeys(_warnings(asked, columns))),
    )


def _warnings(asked: Filter, columns: ItemColumns) -> list[str]:
    said = [
        f"There is no open store {part.store_id!r}."
        for part in parts_of(asked.root)
        if isinstance(part, InStockAt) and part.store_id not in columns.store_ids
    ]
    for field, values in fields_of(asked.root):
        said += _about(field, values, columns)
    return said


def _about(field: str, values: tuple[Value, ...], columns: ItemColumns) -> list[str]:
    texts = [value for value in values if isinstance(value, str)]
    if field.startswith(ATTRIBUTE):
        column = columns.attribute_columns.get(field.removeprefix(ATTRIBUTE))
        if column is None:
            return [f"No item has {bare_names().get(field, field)}."]
        return _strange(bare_names().get(field, field), texts, {word.casefold() for word in column.values})
    if field == "brand":
        return _strange(field, texts, {brand.casefold() for brand in columns.brands})
    if field == "category":
        known = set(columns.category_ids)
        return [f"There is no category {text!r}." for text in texts if text not in known]
    if field == "item_id":
        return [f"There is no item {text!r}." for text in texts if text not in columns.row_of]
    return []


def _strange(name: str, texts: list[str], known: set[str]) -> list[str]:
    return [f"No item has {name} {text!r}." for text in texts if text.casefold() not in known]
