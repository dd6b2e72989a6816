"""What a filter is made of, once read: plain values, equal where they ask the same.

Fields are named in full: `price`, `attr.shape`. Texts are as they were written; how they are compared is said by the
field (see `fields`).
"""

from typing import Literal

import msgspec

Operator = Literal["=", "!=", "<", "<=", ">", ">="]


class Condition(msgspec.Struct, frozen=True):
    """A part of a filter."""


class Filter(msgspec.Struct, frozen=True):
    """A parsed filter. Two that ask the same in the same order have one `key`; that of the empty one is empty.

    by_place: it asks for price or stock, so that its answer depends on the store asked at
    by_time: it counts from now or today, so that its answer is another one later
    """

    key: str
    root: Condition | None
    by_place: bool
    by_time: bool


class Moment(msgspec.Struct, frozen=True):
    """A point in time: `offset` seconds after `base`: "now", "today" (its first second, UTC) or "" (1970 UTC)."""

    base: str
    offset: int


Value = str | float | bool | Moment


class Compare(Condition, frozen=True):
    """Any value of the field is so; "!=" says that none is equal, which is also true of an item that has none."""

    field: str
    operator: Operator
    value: Value


class OneOf(Condition, frozen=True):
    """Any value of the field is one of these."""

    field: str
    values: tuple[Value, ...]


class Between(Condition, frozen=True):
    """A value of the field is at least `low` and at most `high`."""

    field: str
    low: Value
    high: Value


class Has(Condition, frozen=True):
    """Each of these is among the values of the field."""

    field: str
    values: tuple[Value, ...]


class Exists(Condition, frozen=True):
    """The item has a value there."""

    field: str


class InStockAt(Condition, frozen=True):
    """The store has it, or it is always available."""

    store_id: str


class Not(Condition, frozen=True):
    part: Condition


class All(Condition, frozen=True):
    parts: tuple[Condition, ...]


class AnyOf(Condition, frozen=True):
    parts: tuple[Condition, ...]
