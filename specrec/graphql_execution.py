"""Execution of GraphQL with a short way for plain fields.

Nearly all fields of an answer are attributes of plain data: no arguments, graphene's default resolver, a scalar or an
enumeration. For those the general way (argument values, a resolve info, completion by type) costs many times what
reading the attribute does. They are read here directly; whatever is not as plain as it looks (a missing value of a
required field, a value that cannot be serialised) takes the general way, which also knows how to report it.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

from graphene.types.resolver import attr_resolver, dict_or_attr_resolver
from graphql import (
    ExecutionContext,
    FieldNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    Undefined,
)
from graphql.pyutils import AwaitableOrValue, Path


class _Plain(NamedTuple):
    """How to read a field without the general way."""

    attribute: str
    default: Any
    is_required: bool
    serialize: Callable[[Any], Any]


class PlainFieldsFirst(ExecutionContext):
    """For synchronous resolvers only (`execute_sync`)."""

    def execute_fields(
        self, parent_type: GraphQLObjectType, source_value: Any, path: Path | None, fields: dict[str, list[FieldNode]]
    ) -> AwaitableOrValue[dict[str, Any]]:
        """Return the values of the fields by response name."""
        results: dict[str, Any] = {}
        for response_name, nodes in fields.items():
            plain = _plain(parent_type, nodes[0].name.value)
            value = Undefined if plain is None else _read(plain, source_value)
            if value is Undefined:
                value = self.execute_field(
                    parent_type, source_value, nodes, Path(path, response_name, parent_type.name)
                )
            if value is not Undefined:
                results[response_name] = value
        return results


def _read(plain: _Plain, source: Any) -> Any:
    """Return the serialised value, or Undefined for the general way to see to."""
    if isinstance(source, dict):
        found = source.get(plain.attribute, plain.default)
    else:
        found = getattr(source, plain.attribute, plain.default)
    if found is None:
        return Undefined if plain.is_required else None
    try:
        value = plain.serialize(found)
    except Exception:  # noqa: BLE001 - nothing is swallowed: the general way meets the same error and reports it in place
        return Undefined
    return Undefined if value is None else value


@lru_cache(maxsize=4_096)
def _plain(parent_type: GraphQLObjectType, name: str) -> _Plain | None:
    field = parent_type.fields.get(name)
    if field is None or field.args:
        return None
    return _plain_field(field)


def _plain_field(field: GraphQLField) -> _Plain | None:
    resolve = field.resolve
    is_required = isinstance(field.type, GraphQLNonNull)
    kind = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    if not isinstance(resolve, partial) or resolve.func not in {attr_resolver, dict_or_attr_resolver}:
        return None
    if not isinstance(kind, GraphQLScalarType | GraphQLEnumType) or resolve.keywords:
        return None
    attribute, default = resolve.args
    return _Plain(attribute, default, is_required, kind.serialize)
