"""How many rows a GraphQL document may ask for: what `first` says, over all aliases and fragments.

Fields alone say little of the cost: one of them can stand for five hundred items with all that belongs to them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
)

from specrec.kernel.errors import Invalid

ARGUMENT = "first"
MAX_ROWS = 1_500
MAX_FIRST_OF_BROWSERS = 100


@dataclass(frozen=True, slots=True)
class _Size:
    """What one `first` says: a number, or a variable with what holds when it is not given."""

    default: int
    variable: str | None = None
    allowed: int = MAX_FIRST_OF_BROWSERS  # for browsers: no less than the schema's own default

    def under(self, variables: Mapping[str, Any]) -> int:
        """Return the number; what is not one is refused by the execution."""
        given = self.default if self.variable is None else variables.get(self.variable, self.default)
        return max(0, int(given)) if isinstance(given, int | float) else self.default


@dataclass(frozen=True, slots=True)
class Rows:
    """What an operation asks for: of each field with `first` its size and those of the fields around it."""

    chains: tuple[tuple[_Size, ...], ...] = ()

    def check(self, variables: Mapping[str, Any], *, is_browser: bool) -> None:
        """Raise Invalid when it is too much: in all, or (for a browser) at one field."""
        total = 0
        for chain in self.chains:
            total += prod(size.under(variables) for size in chain)
            if is_browser and chain[-1].under(variables) > chain[-1].allowed:
                message = f"With a publishable key `first` is at most {chain[-1].allowed}. Ask for the next page after."
                raise Invalid(message, code="page_too_large", field=ARGUMENT)
        if total > MAX_ROWS:
            message = f"The query asks for {total:,} rows; at most {MAX_ROWS:,} are given at once. Lower `first`."
            raise Invalid(message, code="query_too_costly", field=ARGUMENT)


def rows_of(schema: GraphQLSchema, document: DocumentNode) -> dict[str | None, Rows]:
    """Return by name of the operation what it asks for. The document is valid and not too large when written out."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    found: dict[str | None, Rows] = {}
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            walk = _Walk(schema, fragments, _defaults_of(node))
            chains = walk.chains(node.selection_set, schema.get_root_type(node.operation), ())
            found[node.name.value if node.name else None] = Rows(tuple(chains))
    return found


def _defaults_of(operation: OperationDefinitionNode) -> dict[str, int]:
    defaults = {}
    for node in operation.variable_definitions:
        if isinstance(node.default_value, IntValueNode):
            defaults[node.variable.name.value] = int(node.default_value.value)
    return defaults


@dataclass(frozen=True, slots=True)
class _Walk:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    defaults: Mapping[str, int]

    def chains(
        self, selection: SelectionSetNode | None, parent: Any, around: tuple[_Size, ...]
    ) -> Iterator[tuple[_Size, ...]]:
        for node in selection.selections if selection else ():
            if isinstance(node, FieldNode):
                yield from self._chains_of_field(node, parent, around)
            elif isinstance(node, InlineFragmentNode):
                condition: Any = node.type_condition  # its stub says that it is always there
                kind = self.schema.get_type(condition.name.value) if condition is not None else parent
                yield from self.chains(node.selection_set, kind, around)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                kind = self.schema.get_type(fragment.type_condition.name.value)
                yield from self.chains(fragment.selection_set, kind, around)

    def _chains_of_field(self, node: FieldNode, parent: Any, around: tuple[_Size, ...]) -> Iterator[tuple[_Size, ...]]:
        field = parent.fields.get(node.name.value) if isinstance(parent, GraphQLObjectType) else None
        if field is None:
            return  # of the language itself: __typename, __schema
        if ARGUMENT in field.args:
            around = (*around, self._size(node, field))
            yield around
        yield from self.chains(node.selection_set, get_named_type(field.type), around)

    def _size(self, node: FieldNode, field: GraphQLField) -> _Size:
        default = field.args[ARGUMENT].default_value
        default = default if isinstance(default, int) else MAX_FIRST_OF_BROWSERS
        allowed = max(MAX_FIRST_OF_BROWSERS, default)
        given: ValueNode | None = next((a.value for a in node.arguments if a.name.value == ARGUMENT), None)
        if isinstance(given, IntValueNode):
            return _Size(int(given.value), None, allowed)
        if isinstance(given, VariableNode):
            name = given.name.value
            return _Size(self.defaults.get(name, default), name, allowed)
        return _Size(default, None, allowed)
