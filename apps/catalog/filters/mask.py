"""Filters on columns: one flag an item. Nothing is read but arrays, and each at most once for every test."""

import re
from collections.abc import Callable, Collection, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from apps.catalog.contracts import Offer
from apps.catalog.filters.fields import ATTRIBUTE, field_of
from apps.catalog.filters.read import Scene, Words, discount, number, own_numbers, words_in, words_of
from apps.catalog.filters.tree import (
    All,
    AnyOf,
    Between,
    Compare,
    Condition,
    Exists,
    Filter,
    Has,
    InStockAt,
    Moment,
    Not,
    OneOf,
    Value,
)

Mask = NDArray[np.bool_]
_TEST: dict[str, Callable[[np.ndarray, float], Mask]] = {
    "=": np.equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?\Z")


def mask_of(asked: Filter, scene: Scene) -> Mask:
    """Return bool [n]: the items that the filter lets through. It may belong to the columns: read it only."""
    if asked.root is None:
        return np.ones(len(scene.columns.item_ids), dtype=np.bool_)
    return _mask(asked.root, scene)


def _mask(condition: Condition, scene: Scene) -> Mask:
    match condition:
        case All(parts):
            return reduce(np.logical_and, [_mask(part, scene) for part in parts])
        case AnyOf(parts):
            return reduce(np.logical_or, [_mask(part, scene) for part in parts])
        case Not(part):
            return ~_mask(part, scene)
        case InStockAt(store_id):
            return _can_be_had(scene.offer_at(store_id))
        case _:
            return _test(condition, scene)


def _test(condition: Condition, scene: Scene) -> Mask:
    match condition:
        case Compare(field, "!=", value):
            return ~_any_is(field, (value,), scene)
        case Compare(field, "=", value):
            return _any_is(field, (value,), scene)
        case Compare(field, operator, value):
            return _any_number(field, lambda found: _TEST[operator](found, number(value, scene)), scene)
        case OneOf(field, values):
            return _any_is(field, values, scene)
        case Between(field, low, high):
            ends = number(low, scene), number(high, scene)
            return _any_number(field, lambda found: (found >= ends[0]) & (found <= ends[1]), scene)
        case Has(field, values):
            return reduce(np.logical_and, [_any_is(field, (value,), scene) for value in values])
        case Exists(field):
            return _exists(field, scene)
        case _:
            raise AssertionError(condition)  # the tree has no other leaves


def _any_is(field: str, values: Sequence[Value], scene: Scene) -> Mask:
    """Return where any value of the field is one of these."""
    size = len(scene.columns.item_ids)
    texts = {value for value in values if isinstance(value, str)}
    numbers = [number(value, scene) for value in values if isinstance(value, float | Moment)]
    flags = {value for value in values if isinstance(value, bool)}
    found = np.zeros(size, dtype=np.bool_)
    if field == "item_id":
        rows = [scene.columns.row_of.get(text) for text in texts]
        found[[row for row in rows if row is not None]] = True
        return found
    if texts:
        found |= _any_text(field, texts, scene)
    if numbers:
        found |= _any_number(field, lambda values: np.isin(values, numbers), scene)
    for flag in flags:
        found |= _is_flag(field, flag, scene)
    return found


def _can_be_had(offer: Offer) -> Mask:
    return np.asarray(offer.variant >= 0, dtype=np.bool_)


def _is_flag(field: str, flag: bool, scene: Scene) -> Mask:  # noqa: FBT001  # the flag is the value compared with
    if field.startswith(ATTRIBUTE):
        return _any_text(field, {"true" if flag else "false"}, scene)
    found = discount(scene) > 0 if field == "on_offer" else _can_be_had(scene.offer_at(scene.store_id))
    return found if flag else ~found


def _any_text(field: str, texts: Collection[str], scene: Scene) -> Mask:
    words = words_in(field, scene.columns)
    if words is None:
        return np.zeros(len(scene.columns.item_ids), dtype=np.bool_)
    known = field_of(field)
    if known is not None and known.exact:
        wanted = np.fromiter((value in texts for value in words.values), np.bool_, len(words.values))
    else:
        folded = {text.casefold() for text in texts}
        wanted = np.fromiter((value.casefold() in folded for value in words.values), np.bool_, len(words.values))
    return _any_of(words, wanted)


def _any_number(field: str, test: Callable[[np.ndarray], Mask], scene: Scene) -> Mask:
    """Return where a number of the field passes; those in a list are kept as words."""
    if not field.startswith(ATTRIBUTE):
        return _known(test, own_numbers(field, scene))
    column = scene.columns.attribute_columns.get(field.removeprefix(ATTRIBUTE))
    if column is None:
        return np.zeros(len(scene.columns.item_ids), dtype=np.bool_)
    listed = np.array([float(word) if _NUMBER.match(word) else np.nan for word in column.values], dtype=np.float64)
    return _known(test, column.numbers) | _any_of(words_of(column), _known(test, listed))


def _known(test: Callable[[np.ndarray], Mask], numbers: np.ndarray) -> Mask:
    return np.asarray(test(numbers) & ~np.isnan(numbers), dtype=np.bool_)


def _any_of(words: Words, wanted: Mask) -> Mask:
    """Return the items of which any word is wanted."""
    hits = wanted[words.codes] if len(words.values) else np.zeros(len(words.codes), dtype=np.bool_)
    if words.indptr is None:
        return hits
    upto = np.concatenate([[0], np.cumsum(hits, dtype=np.int64)])
    return np.asarray(upto[words.indptr[1:]] > upto[words.indptr[:-1]], dtype=np.bool_)


def _exists(field: str, scene: Scene) -> Mask:
    if field in ("brand", "category", "item_type"):
        words = words_in(field, scene.columns)
        assert words is not None
        return _any_of(words, np.fromiter((value != "" for value in words.values), np.bool_, len(words.values)))
    if field.startswith(ATTRIBUTE):
        column = scene.columns.attribute_columns.get(field.removeprefix(ATTRIBUTE))
        if column is None:
            return np.zeros(len(scene.columns.item_ids), dtype=np.bool_)
        return np.asarray((np.diff(column.indptr) > 0) | ~np.isnan(column.numbers), dtype=np.bool_)
    if field in ("price", "discount", "released"):
        return np.asarray(~np.isnan(own_numbers(field, scene)), dtype=np.bool_)
    return np.ones(len(scene.columns.item_ids), dtype=np.bool_)
