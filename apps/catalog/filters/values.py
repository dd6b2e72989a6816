"""The values of a filter, and the tokens of what was read."""

import re
from datetime import UTC, datetime
from typing import cast

from lark import Token, Tree

from apps.catalog.filters.faults import Writing
from apps.catalog.filters.fields import Field
from apps.catalog.filters.tree import Moment, Value

KINDS = {"number": "a number", "text": "text", "flag": "true or false", "time": "a date", "any": "text or a number"}
_SECONDS = {"h": 3_600, "d": 86_400, "w": 604_800}
_ESCAPED = re.compile(r"\\(.)")
Node = Tree[Token] | Token | None


class Values:
    """Reads the values of one text."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing

    def read(self, field: Field, node: Node, *, ordered: bool = False) -> Value:
        """Return the value, if the field may be compared with it."""
        value = self._plain(tree_of(node))
        kind = _kind_of(value)
        wanted = ("number",) if ordered and field.kind == "any" else (field.kind,)
        if ("any" not in wanted and kind not in wanted) or (kind == "time" != field.kind):
            message = f"expected {KINDS[wanted[0]]}, not {KINDS[kind]}."
            raise self._writing.fault(message, start_of(node), code="filter_wrong_value", expected=list(wanted))
        if field.choices and not _is_among(str(value), field):
            message = f"{value!r} is none of its values; expected {', '.join(field.choices)}."
            raise self._writing.fault(message, start_of(node), code="filter_wrong_value", expected=field.choices)
        return value

    def _plain(self, tree: Tree[Token]) -> Value:
        token = token_of(children_of(tree)[0])
        if tree.data == "text":
            return text_of(token)
        if tree.data == "number":
            return float(token)
        if tree.data == "truth":
            return token.lower() == "true"
        if tree.data == "date":
            return self._date(token)
        if len(children_of(tree)) == 1 or children_of(tree)[1] is None:
            return Moment(token.lower(), 0)
        sign, span = token_of(children_of(tree)[1]), token_of(children_of(tree)[2])
        seconds = int(span[:-1]) * _SECONDS[span[-1].lower()]
        return Moment(token.lower(), -seconds if sign == "-" else seconds)

    def _date(self, token: Token) -> Moment:
        try:
            time = datetime.fromisoformat(str(token).upper())
        except ValueError as error:
            message = f"there is no such date as {token}."
            raise self._writing.fault(message, start_of(token), code="filter_wrong_value") from error
        return Moment("", int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()))


def text_of(token: Token) -> str:
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


def start_of(node: Node) -> int:
    """Return where the node begins."""
    while isinstance(node, Tree):
        node = next(child for child in children_of(node) if child is not None)
    return (node.start_pos or 0) if node is not None else 0


def children_of(tree: Tree[Token]) -> list[Node]:
    """Return the children; the parser puts None where something optional is not there, which its types do not say."""
    return cast("list[Node]", tree.children)


def tree_of(node: Node) -> Tree[Token]:
    assert isinstance(node, Tree)
    return node


def token_of(node: Node) -> Token:
    assert isinstance(node, Token)
    return node
