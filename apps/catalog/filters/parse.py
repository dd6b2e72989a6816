"""From text to a filter: read by the grammar, built by `build`, named by how it is printed."""

from functools import lru_cache
from typing import cast

import lark

from apps.catalog.filters.build import Builder
from apps.catalog.filters.faults import Writing
from apps.catalog.filters.fields import BY_PLACE
from apps.catalog.filters.grammar import make_parser
from apps.catalog.filters.text import text_of
from apps.catalog.filters.tree import Filter, Moment
from apps.catalog.filters.walk import fields_of

MAX_FILTER = 2_000
_PARSER = make_parser()


@lru_cache(maxsize=2_048)
def parse_filter(text: str, *, field: str = "filter") -> Filter:
    """Return the filter that the text says; an empty one lets everything through.

    Raises Invalid for `field` with a code (`filter_syntax`, `filter_unknown_name`, `filter_wrong_value`,
    `filter_too_long`, `filter_too_deep`) and, as extras, `position` (of the character, from 0), `line` and `column`
    (from 1), `caret` (the line with a mark below it) and `expected`.
    """
    writing = Writing(text, field)
    if len(text) > MAX_FILTER:
        message = f"a filter has at most {MAX_FILTER:,} characters, this has {len(text):,}."
        raise writing.fault(message, MAX_FILTER, code="filter_too_long")
    try:
        read = cast("lark.Tree[lark.Token] | None", _PARSER.parse(text))  # None: there is nothing in it
    except lark.exceptions.UnexpectedToken as error:
        token: lark.Token = error.token
        at = len(text) if token.type == "$END" else (token.start_pos or 0)
        raise writing.unexpected(at, _accepted(text[:at])) from error
    except lark.exceptions.UnexpectedCharacters as error:
        at = cast("int", error.pos_in_stream)
        raise writing.unexpected(at, _accepted(text[:at])) from error
    root = Builder(writing).condition(read) if read is not None else None
    asked = list(fields_of(root))
    return Filter(
        key="" if root is None else text_of(root),
        root=root,
        by_place=any(name in BY_PLACE for name, _ in asked),
        by_time=any(isinstance(value, Moment) and value.base != "" for _, values in asked for value in values),
    )


def _accepted(before: str) -> set[str]:
    """Return the terminals that may follow what was understood."""
    reading = _PARSER.parse_interactive(before)
    reading.exhaust_lexer()
    accepted: set[str] = reading.accepts()  # type: ignore[no-untyped-call]  # lark types only its main door
    return accepted
