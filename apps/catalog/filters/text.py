"""A filter as text again: one way to write each, which the parser reads as the same filter."""

import re
from datetime import UTC, datetime
from decimal import Decimal

from apps.catalog.filters.fields import ATTRIBUTE, bare_names
from apps.catalog.filters.tree import (
    All,
    AnyOf,
    Between,
    Compare,
    Condition,
    Exists,
    Has,
    InStockAt,
    Moment,
    Not,
    OneOf,
    Value,
)

HOUR, DAY = 3_600, 86_400
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


def text_of(condition: Condition) -> str:
    """Return the condition as a filter that reads the same."""
    match condition:
        case All(parts):
            return " and ".join(_inner(part, (AnyOf, All)) for part in parts)
        case AnyOf(parts):
            return " or ".join(_inner(part, (AnyOf,)) for part in parts)
        case Not(part):
            return f"not {_inner(part, (AnyOf, All))}"
        case InStockAt(store_id):
            return f"in_stock_at({_value(store_id)})"
        case _:
            return _test(condition)


def _inner(part: Condition, wrapped: tuple[type[Condition], ...]) -> str:
    text = text_of(part)
    return f"({text})" if isinstance(part, wrapped) else text


def _test(condition: Condition) -> str:
    match condition:
        case Compare(field, operator, value):
            return f"{_name(field)} {operator} {_value(value)}"
        case OneOf(field, values):
            return f"{_name(field)} in {_list(values)}"
        case Between(field, low, high):
            return f"{_name(field)} between {_value(low)} and {_value(high)}"
        case Has(field, values):
            return f"{_name(field)} has {_list(values)}"
        case Exists(field):
            return f"{_name(field)} exists"
        case _:
            raise AssertionError(condition)  # the tree has no other leaves


def _name(field: str) -> str:
    bare = bare_names().get(field)
    if bare is not None:
        return bare
    own = field.removeprefix(ATTRIBUTE)
    return field if _PLAIN.match(own) else f'{ATTRIBUTE}"{own}"'


def _list(values: tuple[Value, ...]) -> str:
    return f"({', '.join(map(_value, values))})"


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, Moment):
        return _moment(value)
    number = format(Decimal(repr(value)), "f")
    return number.rstrip("0").rstrip(".") if "." in number else number


def _moment(moment: Moment) -> str:
    if not moment.base:
        text = datetime.fromtimestamp(moment.offset, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return text.removesuffix("T00:00:00Z")
    if not moment.offset:
        return moment.base
    size = abs(moment.offset)
    span = f"{size // DAY}d" if size % DAY == 0 else f"{size // HOUR}h"
    return f"{moment.base} {'-' if moment.offset < 0 else '+'} {span}"
