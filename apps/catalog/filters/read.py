"""What items say, field by field: words and numbers, of items, of attributes, and of what is offered at a place."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from apps.catalog.contracts import AttributeColumn, ItemColumns, Offer
from apps.catalog.filters.fields import ATTRIBUTE
from apps.catalog.filters.tree import Moment, Value

DAY = 86_400


class Scene(NamedTuple):
    """Where and when a filter is asked. offer_at: what can be had at a store, None for online; now: seconds, UTC."""

    columns: ItemColumns
    store_id: str | None
    offer_at: Callable[[str | None], Offer]
    now: float


class Words(NamedTuple):
    """Texts of items: `codes` into `values`, one an item, or as many as `indptr` says."""

    values: Sequence[str]
    codes: np.ndarray
    indptr: np.ndarray | None


def words_in(field: str, columns: ItemColumns) -> Words | None:
    if field == "brand":
        return Words(columns.brands, columns.brand, None)
    if field == "item_type":
        return Words(columns.item_types, columns.item_type, None)
    if field == "category":
        return Words(columns.category_ids, columns.category_indices, columns.category_indptr)
    column = columns.attribute_columns.get(field.removeprefix(ATTRIBUTE))
    return None if column is None else words_of(column)


def words_of(column: AttributeColumn) -> Words:
    return Words(column.values, column.codes, column.indptr)


def own_numbers(field: str, scene: Scene) -> np.ndarray:
    if field == "released":
        return scene.columns.released_at
    return discount(scene) if field == "discount" else scene.offer_at(scene.store_id).price


def discount(scene: Scene) -> np.ndarray:
    """Return float64 [n]: per cent off the price before, of what is offered here; NaN where nothing is."""
    offer = scene.offer_at(scene.store_id)
    _, compared = scene.columns.prices_at(scene.store_id)
    if not len(compared):
        return np.full(len(offer.price), np.nan)
    before = np.where(np.isnan(offer.price), np.nan, compared[offer.variant])
    off = np.divide(before - offer.price, before, out=np.zeros(len(before)), where=before > offer.price)
    return np.where(np.isnan(offer.price), np.nan, off * 100.0)


def number(value: Value, scene: Scene) -> float:
    if not isinstance(value, Moment):
        assert isinstance(value, float)
        return value
    base = {"": 0.0, "now": scene.now, "today": scene.now // DAY * DAY}[value.base]
    return base + value.offset
