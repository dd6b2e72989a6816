"""Execution of GraphQL with a short way for what is plain.

Nearly all of an answer are attributes of plain data: no arguments, graphene's default resolver, scalars, and objects
and lists of such. For those the general way (argument values, a resolve info, completion by type, for each field of
each object) costs many times what reading the attribute does. Values are completed by a plan that was made once
(`graphql_plans`); where there is none, plain fields are still read directly; and where a value is not
plain after all, the general way completes it, and reports what is wrong.
"""

from functools import lru_cache
from typing import Any

from graphql import (
    ExecutionContext,
    FieldNode,
    GraphQLEnumType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    Undefined,
)
from graphql.pyutils import AwaitableOrValue, Path

from specrec.graphql_plans import Complete, NotPlain, PlainField, plain_field, plan, serialised

KEPT = 4_096
# By the node and the type, for as long as the node is held here, so that neither number can be another's.
_plans: dict[tuple[int, int], tuple[FieldNode, GraphQLOutputType, Complete | None]] = {}


class PlainFieldsFirst(ExecutionContext):
    """For synchronous resolvers only (`execute_sync`), and for documents that are kept: plans are by their nodes."""

    def complete_value(
        self,
        return_type: GraphQLOutputType,
        field_nodes: list[FieldNode],
        info: GraphQLResolveInfo,
        path: Path,
        result: Any,
    ) -> AwaitableOrValue[Any]:
        """Return the value as it goes out; raises what the general way raises."""
        if len(field_nodes) == 1 and not isinstance(result, Exception):
            complete = self._plan(return_type, field_nodes[0])
            if complete is not None:
                try:
                    return complete(result)
                except NotPlain:  # the general way reports what is wrong, in its place
                    return super().complete_value(return_type, field_nodes, info, path, result)
        return super().complete_value(return_type, field_nodes, info, path, result)

    def execute_fields(
        self, parent_type: GraphQLObjectType, source_value: Any, path: Path | None, fields: dict[str, list[FieldNode]]
    ) -> AwaitableOrValue[dict[str, Any]]:
        """Return the values of the fields by response name."""
        results: dict[str, Any] = {}
        for response_name, nodes in fields.items():
            plain = _plain(parent_type, nodes[0].name.value)
            value = Undefined if plain is None else _read(*plain, source_value)
            if value is Undefined:
                value = self.execute_field(
                    parent_type, source_value, nodes, Path(path, response_name, parent_type.name)
                )
            if value is not Undefined:
                results[response_name] = value
        return results

    def _plan(self, kind: GraphQLOutputType, node: FieldNode) -> Complete | None:
        key = (id(node), id(kind))
        kept = _plans.get(key)
        if kept is None:
            if len(_plans) >= KEPT:
                _plans.clear()
            kept = _plans[key] = (node, kind, plan(self.schema, self.fragments, kind, [node]))
        return kept[2]


def _read(plain: PlainField, kind: GraphQLScalarType | GraphQLEnumType, source: Any) -> Any:
    """Return the serialised value, or Undefined for the general way to see to."""
    found = plain.resolve(source, None)
    if found is None:
        return Undefined if plain.is_required else None
    try:
        return serialised(kind.serialize, found)
    except NotPlain:
        return Undefined


@lru_cache(maxsize=4_096)
def _plain(parent_type: GraphQLObjectType, name: str) -> tuple[PlainField, GraphQLScalarType | GraphQLEnumType] | None:
    field = parent_type.fields.get(name)
    plain = plain_field(field)
    if field is None or plain is None:
        return None
    kind = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    return (plain, kind) if isinstance(kind, GraphQLScalarType | GraphQLEnumType) else None
