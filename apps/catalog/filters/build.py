"""From what the grammar read to the tree: names are known, and values fit them, or the place that is wrong is told."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

from lark import Token, Tree

from apps.catalog.contracts import Condition
from apps.catalog.filters.faults import Writing
from apps.catalog.filters.fields import Field, field_of
from apps.catalog.filters.tree import (
    All,
    AnyOf,
    Between,
    Compare,
    Exists,
    Has,
    InStockAt,
    Moment,
    Not,
    OneOf,
    Operator,
    Value,
)

MAX_DEPTH = 40
_SECONDS = {"h": 3_600, "d": 86_400, "w": 604_800}
_ESCAPED = re.compile(r"\\(.)")
_KINDS = {"number": "a number", "text": "text", "flag": "true or false", "time": "a date", "any": "text or a number"}
_Node = Tree[Token] | Token | None


class Builder:
    """Builds the conditions of one text."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
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
            raise self._writing.fault(message, _start(tree), code="filter_too_deep")
        if tree.data in ("either", "both"):
            parts = tuple(self.condition(part, depth + 1) for part in _children(tree) if isinstance(part, Tree))
            return AnyOf(parts) if tree.data == "either" else All(parts)
        if tree.data == "negated":
            return Not(self.condition(_tree(_children(tree)[-1]), depth + 1))
        return self._makers[str(tree.data)](tree)

    def _flag(self, tree: Tree[Token]) -> Condition:
        name = _token(_children(tree)[0])
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
        name, store = _token(_children(tree)[0]), _token(_children(tree)[1])
        if name.lower() != "in_stock_at":
            message = f"there is no {name}(...); only in_stock_at(...) is asked so."
            raise self._writing.fault(message, _start(tree), code="filter_unknown_name", expected=["in_stock_at"])
        return InStockAt(_text(store))

    def _compare(self, tree: Tree[Token]) -> Condition:
        name, sign, value = _children(tree)
        field, operator = self._field(_token(name)), _operator(_token(sign))
        if operator not in ("=", "!=") and (field.kind in ("text", "flag") or field.exact):
            message = f"{name} is {_KINDS[field.kind]}, which has no order; expected = or !=."
            raise self._writing.fault(message, _start(sign), code="filter_wrong_value", expected=["=", "!="])
        return Compare(field.name, operator, self._value(field, value, ordered=operator not in ("=", "!=")))

    def _one_of(self, tree: Tree[Token]) -> Condition:
        name, negated, *values = _children(tree)
        field = self._field(_token(name))
        found = OneOf(field.name, tuple(self._value(field, value) for value in values))
        return found if negated is None else Not(found)

    def _between(self, tree: Tree[Token]) -> Condition:
        name, negated, low, high = _children(tree)
        field = self._field(_token(name))
        if field.kind in ("text", "flag"):
            message = f"{name} is {_KINDS[field.kind]}, which has no order."
            raise self._writing.fault(message, _start(name), code="filter_wrong_value", expected=["=", "in"])
        limits = [self._value(field, value, ordered=True) for value in (low, high)]
        if isinstance(limits[0], Moment) != isinstance(limits[1], Moment):
            raise self._writing.fault("both ends must be of one kind.", _start(high), code="filter_wrong_value")
        found = Between(field.name, limits[0], limits[1])
        return found if negated is None else Not(found)

    def _has(self, tree: Tree[Token]) -> Condition:
        name, *values = _children(tree)
        field = self._field(_token(name))
        return Has(field.name, tuple(self._value(field, value) for value in values))

    def _exists(self, tree: Tree[Token]) -> Condition:
        name, negated = _children(tree)
        found = Exists(self._field(_token(name)).name)
        return found if negated is None else Not(found)

    def _field(self, name: Token) -> Field:
        full = str(name)
        if full[:5].lower() == "attr.":
            full = "attr." + full[5:].strip('"')
        field = field_of(full) or field_of(full.lower())
        if field is None:
            raise self._writing.unknown(str(name), name.start_pos or 0)
        return field

    def _value(self, field: Field, node: _Node, *, ordered: bool = False) -> Value:
        """Return the value, if the field may be compared with it."""
        value = self._plain(_tree(node))
        kind = _kind_of(value)
        wanted = ("number",) if ordered and field.kind == "any" else (field.kind,)
        if ("any" not in wanted and kind not in wanted) or (kind == "time" != field.kind):
            message = f"expected {_KINDS[wanted[0]]}, not {_KINDS[kind]}."
            raise self._writing.fault(message, _start(node), code="filter_wrong_value", expected=list(wanted))
        if field.choices and not _is_among(str(value), field):
            message = f"{value!r} is none of its values; expected {', '.join(field.choices)}."
            raise self._writing.fault(message, _start(node), code="filter_wrong_value", expected=field.choices)
        return value

    def _plain(self, tree: Tree[Token]) -> Value:
        token = _token(_children(tree)[0])
        if tree.data == "text":
            return _text(token)
        if tree.data == "number":
            return float(token)
        if tree.data == "truth":
            return token.lower() == "true"
        if tree.data == "date":
            return self._date(token)
        if len(_children(tree)) == 1 or _children(tree)[1] is None:
            return Moment(token.lower(), 0)
        sign, span = _token(_children(tree)[1]), _token(_children(tree)[2])
        seconds = int(span[:-1]) * _SECONDS[span[-1].lower()]
        return Moment(token.lower(), -seconds if sign == "-" else seconds)

    def _date(self, token: Token) -> Moment:
        try:
            time = datetime.fromisoformat(str(token).upper())
        except ValueError as error:
            message = f"there is no such date as {token}."
            raise self._writing.fault(message, _start(token), code="filter_wrong_value") from error
        return Moment("", int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()))


def _text(token: Token) -> str:
    return _ESCAPED.sub(r"\1", token[1:-1])


def _is_among(text: str, field: Field) -> bool:
    if field.exact:
        return text in field.choices
    return text.casefold() in {choice.casefold() for choice in field.choices}


def _kind_of(value: Value) -> str:
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, Moment):
        return "time"
    return "text" if isinstance(value, str) else "number"


def _operator(token: Token) -> Operator:
    found: dict[str, Operator] = {"=": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
    return found[str(token)]


def _start(node: _Node) -> int:
    """Return where the node begins."""
    while isinstance(node, Tree):
        node = next(child for child in _children(node) if child is not None)
    return (node.start_pos or 0) if node is not None else 0


def _children(tree: Tree[Token]) -> list[_Node]:
    """Return the children; the parser puts None where something optional is not there, which its types do not say."""
    return cast("list[_Node]", tree.children)


def _tree(node: _Node) -> Tree[Token]:
    assert isinstance(node, Tree)
    return node


def _token(node: _Node) -> Token:
    assert isinstance(node, Token)
    return node
