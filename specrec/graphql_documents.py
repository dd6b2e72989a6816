"""GraphQL documents made ready once: parsed, bounded, validated, and kept for the next request with the same text.

A document is refused before it can cost anything: by its length, by its number of tokens, by how deep it selects, by
how many fields it selects once its fragments are written out, and by how many fields it asks of the root (each of those
is a question to the platform, whatever alias it hides behind). How many rows it asks for is in its
variables too, so that is checked at each request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    MaxIntrospectionDepthRule,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)

from specrec.graphql_rows import Rows, rows_of
from specrec.kernel.errors import Invalid, TooLarge

MAX_LENGTH = 20_000
MAX_TOKENS = 5_000
MAX_DEPTH = 12
MAX_FIELDS = 500
MAX_ROOT_FIELDS = 20
MAX_ERRORS = 20
KEPT = 512
_RULES = tuple(dict.fromkeys((*specified_rules, MaxIntrospectionDepthRule)))


class Rejected(Exception):
    """The document is not valid for the schema; `errors` are the sentences of the language itself."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that may be executed."""

    document: DocumentNode
    rows: Mapping[str | None, Rows]

    def check_rows(self, operation_name: str | None, variables: Mapping[str, Any], *, is_browser: bool) -> None:
        """Raise Invalid when the operation asks for too many rows."""
        rows = self.rows.get(operation_name) if operation_name or len(self.rows) > 1 else next(iter(self.rows.values()))
        if rows is not None:
            rows.check(variables, is_browser=is_browser)

    def kind(self, operation_name: str | None) -> str | None:
        """Return query, mutation or subscription; None when the name does not single out an operation."""
        operation = get_operation_ast(self.document, operation_name)
        return None if operation is None else operation.operation.value


def prepare(schema: GraphQLSchema, text: str) -> Prepared:
    """Return the document ready to execute; raises TooLarge, Invalid (a limit) or Rejected (the language)."""
    if len(text) > MAX_LENGTH:
        message = (
            f"The query has {len(text):,} characters; at most {MAX_LENGTH:,} are accepted. Use variables for data."
        )
        raise TooLarge(message, code="query_too_large", field="query")
    return _prepare(schema, text)


def forget_all() -> None:
    """Drop all kept documents, as in a new process."""
    _prepare.cache_clear()


def kept() -> int:
    """Return how many documents are kept."""
    return _prepare.cache_info().currsize


@lru_cache(maxsize=KEPT)
def _prepare(schema: GraphQLSchema, text: str) -> Prepared:
    """Only good documents are kept: an exception is not."""
    try:
        document = parse(text, max_tokens=MAX_TOKENS)
        _check_limits(document)
        errors = validate(schema, document, _RULES, max_errors=MAX_ERRORS)
    except GraphQLError as error:
        raise Rejected([error]) from error
    except RecursionError as error:
        message = "The query nests too deeply to be read."
        raise Invalid(message, code="query_too_deep", field="query") from error
    if errors:
        raise Rejected(errors)
    return Prepared(document, rows_of(schema, document))


@dataclass(frozen=True, slots=True)
class _Size:
    """What a selection comes to with its fragments written out: levels, fields in all, fields of its first level."""

    depth: int = 0
    fields: int = 0
    first: int = 0


def _check_limits(document: DocumentNode) -> None:
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    known: dict[str, _Size] = {}
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            size = _size_of(node.selection_set, fragments, known)
            _check(size.depth, MAX_DEPTH, "levels deep", "query_too_deep")
            _check(size.fields, MAX_FIELDS, "fields in all", "query_too_costly")
            _check(size.first, MAX_ROOT_FIELDS, "questions at once", "query_too_costly")


def _check(found: int, limit: int, what: str, code: str) -> None:
    if found > limit:
        message = f"The query asks {found:,} {what}; at most {limit} are accepted. Ask less at once."
        raise Invalid(message, code=code, field="query")


def _size_of(
    selection: SelectionSetNode | None, fragments: dict[str, FragmentDefinitionNode], known: dict[str, _Size]
) -> _Size:
    depth = fields = first = 0
    for node in selection.selections if selection else ():
        part = _size_of_node(node, fragments, known)
        depth, fields, first = max(depth, part.depth), fields + part.fields, first + part.first
    return _Size(depth, fields, first)


def _size_of_node(node: SelectionNode, fragments: dict[str, FragmentDefinitionNode], known: dict[str, _Size]) -> _Size:
    """Each fragment is measured once, so that fragments of fragments cannot make the measuring itself costly."""
    if isinstance(node, FieldNode):
        below = _size_of(node.selection_set, fragments, known)
        # The depth of introspection is bounded by its own rule: the standard question of tools is deeper than ours.
        levels = 0 if node.name.value in {"__schema", "__type"} else below.depth + 1
        return _Size(levels, below.fields + 1, 1)
    if isinstance(node, InlineFragmentNode):
        return _size_of(node.selection_set, fragments, known)
    if isinstance(node, FragmentSpreadNode):
        name = node.name.value
        if name not in known:
            known[name] = _Size()  # a cycle ends here; validation refuses it afterwards
            fragment = fragments.get(name)
            known[name] = _size_of(fragment.selection_set if fragment else None, fragments, known)
        return known[name]
    return _Size()
