"""From what the grammar read to the tree: names are known, and values fit them, or the place that is wrong is told."""

from collections.abc import Callable

from lark import Token, Tree

from apps.catalog.filters.faults import Writing
from apps.catalog.filters.fields import Field, field_of
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
    Operator,
)
from apps.catalog.filters.values import KINDS, Values, children_of, start_of, text_of, token_of, tree_of

MAX_DEPTH = 40


class Builder:
    """Builds the conditions of one text."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._values = Values(writing)
        self._makers: dict[str, Callable[[Tree[Token]], Condition]] = {
            "flag": self._flag,
            "call": self._call,
            "compare": self._compare,
            "one_of": self._one_of,
            "between": self._between,
            "has": self._has,
            "exists": self._exists,
        }

    def condition(self, tree: Tree[Token], depth: int = 0) -> Condition:
        """Return what the tree says; raises Invalid."""
        if depth > MAX_DEPTH:
            message = f"conditions may lie at most {MAX_DEPTH} deep in each other."
            raise self._writing.fault(message, start_of(tree), code="filter_too_deep")
        if tree.data in ("either", "both"):
            parts = tuple(self.condition(part, depth + 1) for part in children_of(tree) if isinstance(part, Tree))
            return AnyOf(parts) if tree.data == "either" else All(parts)
        if tree.data == "negated":
            return Not(self.condition(tree_of(children_of(tree)[-1]), depth + 1))
        return self._makers[str(tree.data)](tree)

    def _flag(self, tree: Tree[Token]) -> Condition:
        name = token_of(children_of(tree)[0])
        field = self._field(name)
        if field.kind != "flag":
            asked = "=, <, in, between, has or exists"
            raise self._writing.fault(
                f"{name} alone is no condition; expected {asked} after it.",
                name.start_pos + len(name) if name.start_pos is not None else 0,
                code="filter_syntax",
                expected=asked.replace(" or ", ", ").split(", "),
            )
        return Compare(field.name, "=", value=True)

    def _call(self, tree: Tree[Token]) -> Condition:
        name, store = token_of(children_of(tree)[0]), token_of(children_of(tree)[1])
        if name.lower() != "in_stock_at":
            message = f"there is no {name}(...); only in_stock_at(...) is asked so."
            raise self._writing.fault(message, start_of(tree), code="filter_unknown_name", expected=["in_stock_at"])
        return InStockAt(text_of(store))

    def _compare(self, tree: Tree[Token]) -> Condition:
        name, sign, value = children_of(tree)
        field, operator = self._field(token_of(name)), _operator(token_of(sign))
        if operator not in ("=", "!=") and (field.kind in ("text", "flag") or field.exact):
            message = f"{name} is {KINDS[field.kind]}, which has no order; expected = or !=."
            raise self._writing.fault(message, start_of(sign), code="filter_wrong_value", expected=["=", "!="])
        return Compare(field.name, operator, self._values.read(field, value, ordered=operator not in ("=", "!=")))

    def _one_of(self, tree: Tree[Token]) -> Condition:
        name, negated, *values = children_of(tree)
        field = self._field(token_of(name))
        found = OneOf(field.name, tuple(self._values.read(field, value) for value in values))
        return found if negated is None else Not(found)

    def _between(self, tree: Tree[Token]) -> Condition:
        name, negated, low, high = children_of(tree)
        field = self._field(token_of(name))
        if field.kind in ("text", "flag"):
            message = f"{name} is {KINDS[field.kind]}, which has no order."
            raise self._writing.fault(message, start_of(name), code="filter_wrong_value", expected=["=", "in"])
        limits = [self._values.read(field, value, ordered=True) for value in (low, high)]
        if isinstance(limits[0], Moment) != isinstance(limits[1], Moment):
            raise self._writing.fault("both ends must be of one kind.", start_of(high), code="filter_wrong_value")
        found = Between(field.name, limits[0], limits[1])
        return found if negated is None else Not(found)

    def _has(self, tree: Tree[Token]) -> Condition:
        name, *values = children_of(tree)
        field = self._field(token_of(name))
        return Has(field.name, tuple(self._values.read(field, value) for value in values))

    def _exists(self, tree: Tree[Token]) -> Condition:
        name, negated = children_of(tree)
        found = Exists(self._field(token_of(name)).name)
        return found if negated is None else Not(found)

    def _field(self, name: Token) -> Field:
        full = str(name)
        if full[:5].lower() == "attr.":
            full = "attr." + full[5:].strip('"')
        field = field_of(full) or field_of(full.lower())
        if field is None:
            raise self._writing.unknown(str(name), name.start_pos or 0)
        return field


def _operator(token: Token) -> Operator:
    found: dict[str, Operator] = {"=": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
    return found[str(token)]
