"""How the value of a GraphQL field is completed, worked out once for each place of a document that is kept.

Below most fields of an answer there are only plain fields of plain data: which attributes are read, under which names
they go out and of which types they must be follows from document and schema alone. A plan says it, and completing a
value is then little more than reading it. A plan never reports an error: whatever is not as plain as it looks (a
missing value of a required field, a value that cannot be serialised, a source of another kind) raises `NotPlain`, and
the general way, which reports it in its place, completes the same value anew.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import isfinite
from operator import attrgetter
from typing import Any, NamedTuple

from graphene.types.resolver import attr_resolver, dict_or_attr_resolver
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    SelectionSetNode,
)
from graphql.execution.collect_fields import collect_sub_fields

Complete = Callable[[Any], Any]
_Read = Callable[[Any], tuple[Any, ...]]
Fragments = Mapping[str, FragmentDefinitionNode]
_GREATEST = 2_147_483_647
_MOST_KNOWN = 256
_TYPE_OF = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool, GraphQLInt: int, GraphQLFloat: float}


class NotPlain(Exception):
    """The value needs the general way."""


class PlainField(NamedTuple):
    """How to read a field without the general way: an attribute, and what knows better where it is not there."""

    attribute: str
    resolve: Callable[[Any, None], Any]  # which asks nothing of the second, the resolve info
    is_required: bool


def plain_field(field: GraphQLField | None) -> PlainField | None:
    """Return how to read the field, or None where it has arguments or a resolver of its own."""
    if field is None or field.args:
        return None
    resolve = field.resolve
    if not isinstance(resolve, partial) or resolve.keywords:
        return None
    if resolve.func not in {attr_resolver, dict_or_attr_resolver}:
        return None
    return PlainField(resolve.args[0], resolve, isinstance(field.type, GraphQLNonNull))


def plan(
    schema: GraphQLSchema, fragments: Fragments, kind: GraphQLOutputType, nodes: Sequence[FieldNode]
) -> Complete | None:
    """Return what completes a value of this type, selected by these nodes; None where that takes the general way."""
    if any(_has_directives(node.selection_set, fragments) for node in nodes):
        return None  # which fields there are depends on variables
    return _plan(schema, dict(fragments), kind, list(nodes))


def _plan(
    schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode], kind: Any, nodes: list[FieldNode]
) -> Complete | None:
    if isinstance(kind, GraphQLNonNull):
        inner = _plan(schema, fragments, kind.of_type, nodes)
        return inner and partial(_required, inner)
    if isinstance(kind, GraphQLList):
        inner = _plan(schema, fragments, kind.of_type, nodes)
        return inner and partial(_listed, inner)
    if isinstance(kind, GraphQLScalarType | GraphQLEnumType):
        return partial(serialised, kind.serialize)
    if not isinstance(kind, GraphQLObjectType) or kind.is_type_of is not None:
        return None
    shape = _Shape(kind.name)
    for name, found in collect_sub_fields(schema, fragments, {}, kind, nodes).items():
        field_name = found[0].name.value
        if field_name == "__typename":
            shape.add_constant(name)
            continue
        field = kind.fields[field_name]
        plain = plain_field(field)
        complete = plain and _plan(schema, fragments, field.type, found)
        if plain is None or complete is None:
            return None
        shape.add(name, plain, field, complete)
    return shape.complete()


def _has_directives(selection: SelectionSetNode | None, fragments: Fragments) -> bool:
    """Return whether anything below has a directive; a valid document has no cycle of fragments."""
    for node in selection.selections if selection else ():
        below: Any = fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
        if node.directives or below.directives or _has_directives(below.selection_set, fragments):
            return True
    return False


def _required(complete: Complete, value: Any) -> Any:
    if value is None:
        raise NotPlain
    return complete(value)


def _listed(complete: Complete, value: Any) -> list[Any] | None:
    if value is None:
        return None
    if type(value) is not tuple and type(value) is not list:
        raise NotPlain
    return [complete(entry) for entry in value]


def serialised(serialize: Callable[[Any], Any], value: Any) -> Any:
    """Return what the type makes of the value; raises NotPlain where it refuses it."""
    if value is None:
        return None
    try:
        found = serialize(value)
    except Exception as error:  # the general way meets the same error and reports it in its place
        raise NotPlain from error
    if found is None:
        raise NotPlain
    return found


class _Scalars:
    """Scalars as they go out. By their types is known which of them go out as they are; numbers are looked at each."""

    def __init__(self, fields: Sequence[GraphQLField]) -> None:
        self._fields = fields
        self._whole = [place for place, field in enumerate(fields) if _scalar_of(field) is GraphQLInt]
        self._broken = [place for place, field in enumerate(fields) if _scalar_of(field) is GraphQLFloat]
        # By the types of all, the places of those that have to be serialised.
        self._known: dict[tuple[type, ...], tuple[int, ...]] = {}

    def __call__(self, values: Sequence[Any]) -> Sequence[Any]:
        """Return what goes out; raises NotPlain where one of them must be refused, or looked at in the general way."""
        types = tuple(map(type, values))
        if (places := self._known.get(types)) is None:
            places = self._known[types] = self._look_at(types)
        if places:
            values = list(values)
            for place in places:
                values[place] = serialised(_scalar_of(self._fields[place]).serialize, values[place])
        for place in self._whole:
            if (number := values[place]) is not None and not -_GREATEST <= number <= _GREATEST:
                raise NotPlain
        for place in self._broken:
            if (number := values[place]) is not None and not isfinite(number):
                raise NotPlain
        return values

    def _look_at(self, types: tuple[type, ...]) -> tuple[int, ...]:
        if len(self._known) >= _MOST_KNOWN:
            raise NotPlain  # data of ever other types is not what this is for
        places = []
        for place, (found, field) in enumerate(zip(types, self._fields, strict=True)):
            if found is type(None):
                if isinstance(field.type, GraphQLNonNull):
                    raise NotPlain
            elif found is not _TYPE_OF[_scalar_of(field)]:
                places.append(place)
        return tuple(places)


def _flat(names: tuple[str, ...], read: _Read, scalars: _Scalars, source: Any) -> dict[str, Any] | None:
    """Return an object of scalars alone."""
    if source is None:
        return None
    try:
        values = read(source)
    except AttributeError as error:
        raise NotPlain from error
    if isinstance(source, dict):
        raise NotPlain
    return dict(zip(names, scalars(values), strict=True))


class _Nest(NamedTuple):
    """An object with objects or lists in it: its names in order, its scalars, and by name and attribute the others."""

    template: dict[str, Any]
    names: tuple[str, ...]
    read: _Read
    scalars: _Scalars
    others: list[tuple[str, str, Complete]]


def _nested(nest: _Nest, source: Any) -> dict[str, Any] | None:
    """Return an object with objects or lists in it."""
    if source is None:
        return None
    if isinstance(source, dict):
        raise NotPlain
    found = nest.template.copy()
    try:
        found.update(zip(nest.names, nest.scalars(nest.read(source)), strict=True))
        for name, attribute, complete in nest.others:
            found[name] = complete(getattr(source, attribute))
    except AttributeError as error:
        raise NotPlain from error
    return found


class _Shape:
    """What is known of an object type's fields while its plan is made."""

    def __init__(self, type_name: str) -> None:
        self._type_name = type_name
        self._template: dict[str, Any] = {}  # the names in their order
        self._scalars: list[tuple[str, PlainField, GraphQLField]] = []
        self._others: list[tuple[str, str, Complete]] = []

    def add_constant(self, name: str) -> None:
        """Let the name of the type go out under this name."""
        self._template[name] = self._type_name

    def add(self, name: str, plain: PlainField, field: GraphQLField, complete: Complete) -> None:
        """Let the field go out under this name."""
        self._template[name] = None
        if _scalar_of(field) in _TYPE_OF:
            self._scalars.append((name, plain, field))
        else:
            self._others.append((name, plain.attribute, complete))

    def complete(self) -> Complete:
        """Return what makes of a source the object that goes out."""
        names = tuple(name for name, _, _ in self._scalars)
        read, scalars = self._reader(), _Scalars([field for _, _, field in self._scalars])
        if names == tuple(self._template):
            return partial(_flat, names, read, scalars)
        return partial(_nested, _Nest(self._template, names, read, scalars, self._others))

    def _reader(self) -> _Read:
        attributes = [plain.attribute for _, plain, _ in self._scalars]
        if not attributes:
            return lambda _source: ()
        if len(attributes) == 1:
            return lambda source: (getattr(source, attributes[0]),)
        return attrgetter(*attributes)


def _scalar_of(field: GraphQLField) -> Any:
    """Return the type without its mark of being required."""
    return field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
