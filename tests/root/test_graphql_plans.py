"""Plans complete values exactly as the general way does, or leave them to it; and they are used where they can be."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import graphene
import pytest
from graphene.types.resolver import attr_resolver
from graphql import ExecutionContext, ExecutionResult, FragmentDefinitionNode, execute_sync, parse
from hypothesis import given
from hypothesis import strategies as st

from specrec.graphql_execution import PlainFieldsFirst
from specrec.graphql_plans import plain_field, plan


class Colour(graphene.Enum):  # type: ignore[misc]  # graphene has no types
    RED = 1


class Why(graphene.ObjectType):  # type: ignore[misc]  # the same
    class Meta:
        default_resolver = attr_resolver

    code = graphene.String(required=True)
    item = graphene.ID()


class Item(graphene.ObjectType):  # type: ignore[misc]  # the same
    class Meta:
        default_resolver = attr_resolver

    name = graphene.String(required=True)
    note = graphene.String()
    place = graphene.Int(required=True)
    score = graphene.Float()
    good = graphene.Boolean()
    colour = graphene.Field(Colour)
    tags = graphene.List(graphene.NonNull(graphene.String))
    whys = graphene.List(graphene.NonNull(Why), required=True)
    parent = graphene.Field(lambda: Item)
    made = graphene.String()
    asked = graphene.String(loud=graphene.Boolean())

    @staticmethod
    def resolve_made(root: Any, _info: graphene.ResolveInfo) -> str:
        return f"made of {root.name}"


class Slate(graphene.ObjectType):  # type: ignore[misc]  # the same
    class Meta:
        default_resolver = attr_resolver

    slate_id = graphene.String(required=True)
    items = graphene.List(graphene.NonNull(Item), required=True)
    maybe = graphene.List(Item)
    rows = graphene.List(graphene.List(graphene.Int))


class Query(graphene.ObjectType):  # type: ignore[misc]  # the same
    slate = graphene.Field(Slate)
    needed = graphene.Field(Slate, required=True)
    words = graphene.List(graphene.String)


SCHEMA = graphene.Schema(query=Query).graphql_schema
WHY = SimpleNamespace(code="liked", item="i-1")


def item(**changes: Any) -> SimpleNamespace:
    """Return an item with a value for every field."""
    values = {"name": "n", "note": None, "place": 1, "score": 0.5, "good": True, "colour": Colour.RED, "tags": ["a"]}
    return SimpleNamespace(**(values | {"whys": (WHY,), "parent": None, "asked": "quiet"} | changes))


def slate(*items: Any, **changes: Any) -> SimpleNamespace:
    """Return a slate of the items."""
    values = {"slate_id": "s-1", "items": list(items), "maybe": [None, item()], "rows": [[1, None], None]}
    return SimpleNamespace(**(values | changes))


def execute(
    text: str, found: Any, *, short: bool, context: type[ExecutionContext] = PlainFieldsFirst
) -> ExecutionResult:
    """Return what the document answers of the slate, in the short way or in the general one."""
    root = SimpleNamespace(slate=found, needed=found, words=["a", None])
    return execute_sync(SCHEMA, parse(text), root, execution_context_class=context if short else None)


DOCUMENTS = [
    "{ slate { slateId items { name note place score good colour tags whys { code item } } } }",
    "{ slate { items { whys { code } name parent { name whys { item } } place } slateId } }",
    "{ slate { a: slateId b: slateId __typename items { kind: __typename name again: name } } }",
    "{ slate { items { name } items { place } } slate { slateId } }",
    "{ needed { maybe { name } rows } words }",
    "{ slate { ...S } } fragment S on Slate { items {...I} slateId } fragment I on Item { whys { ...{ code } } name }",
    "{ slate { ... on Slate { slateId } items { ... on Item { place } name } } }",
    "{ slate { items { made name } } }",
    "{ slate { items { asked(loud: true) name } slateId } }",
    "{ slate { items { name @skip(if: true) place @include(if: true) } } }",
    "{ slate { items { name ... @include(if: false) { place } } } }",
]
SLATES: dict[str, Any] = {
    "whole": slate(item(), item(note="x", score=None)),
    "nothing": None,
    "empty": slate(),
    "tuples": slate(items=(item(),), maybe=None, rows=()),
    "an id that is no text": slate(item(), slate_id=UUID(int=7)),
    "a missing required value": slate(item(), item(name=None)),
    "a missing required list": slate(item(whys=None)),
    "a missing entry": slate(item(), None),
    "no list": slate(items="abc"),
    "a list of another kind": slate(items=iter([item()])),
    "a dictionary": {"slate_id": "s", "items": [vars(item())]},
    "no such attribute": SimpleNamespace(slate_id="s"),
    "a number too large": slate(item(place=2**31)),
    "the least number": slate(item(place=-(2**31))),
    "no whole number": slate(item(place=1.5)),
    "truth for a number": slate(item(place=True, score=True)),
    "a number for text": slate(item(name=7)),
    "no number": slate(item(score=float("nan"))),
    "a whole score": slate(item(score=3)),
    "no such colour": slate(item(colour="blue")),
    "an error": slate(item(name=ValueError("bad"))),
    "an error for a slate": ValueError("bad"),
}


class TestPlan:
    @pytest.mark.parametrize("text", DOCUMENTS)
    @pytest.mark.parametrize("name", SLATES)
    def test_answers_what_the_general_way_does(self, text: str, name: str) -> None:
        if name == "a list of another kind":
            found, again = slate(items=iter([item()])), slate(items=iter([item()]))
        else:
            found = again = SLATES[name]
        assert execute(text, found, short=True).formatted == execute(text, again, short=False).formatted

    @pytest.mark.parametrize("text", DOCUMENTS[:3] + DOCUMENTS[4:7])
    def test_is_used_for_plain_fields(self, text: str) -> None:
        completed: list[str] = []

        class Watched(PlainFieldsFirst):
            def complete_object_value(self, return_type: Any, *rest: Any, **more: Any) -> Any:
                completed.append(return_type.name)
                return super().complete_object_value(return_type, *rest, **more)

        execute(text, SLATES["whole"], short=True, context=Watched)
        assert completed == []

    def test_there_is_none_where_fields_depend_on_variables(self) -> None:
        document = parse("{ slate { items { ...I } } } fragment I on Item { name @skip(if: true) }")
        operation, fragment = document.definitions
        assert isinstance(fragment, FragmentDefinitionNode)
        node: Any = operation.selection_set.selections[0]  # type: ignore[attr-defined]
        assert plan(SCHEMA, {"I": fragment}, SCHEMA.query_type.fields["slate"].type, [node]) is None

    def test_of_one_document_is_not_used_for_another_with_the_same_words(self) -> None:
        for field in ("slateId", "__typename", "slateId"):
            text = f"{{ slate {{ ...S }} }} fragment S on Slate {{ {field} }}"
            expected = {"slate": {field: "s-1" if field == "slateId" else "Slate"}}
            assert execute(text, slate(), short=True).data == expected

    @given(
        st.builds(
            item,
            name=st.one_of(st.text(), st.none(), st.integers()),
            note=st.one_of(st.none(), st.text(), st.booleans(), st.binary()),
            place=st.one_of(st.integers(), st.floats(), st.booleans(), st.text()),
            score=st.one_of(st.none(), st.floats(), st.integers(), st.text()),
            good=st.one_of(st.none(), st.booleans(), st.integers()),
        )
    )
    def test_answers_of_any_values_what_the_general_way_does(self, found: Any) -> None:
        text = "{ slate { items { name note place score good } } }"
        short, general = (execute(text, slate(item(), found), short=way).formatted for way in (True, False))
        assert repr(short) == repr(general)


class TestPlainField:
    def test_is_an_attribute_by_its_own_name(self) -> None:
        found = plain_field(SCHEMA.type_map["Slate"].fields["slateId"])
        assert found is not None
        assert (found.attribute, found.is_required) == ("slate_id", True)

    @pytest.mark.parametrize("name", ["made", "asked"])
    def test_has_neither_arguments_nor_a_resolver(self, name: str) -> None:
        assert plain_field(SCHEMA.type_map["Item"].fields[name]) is None
