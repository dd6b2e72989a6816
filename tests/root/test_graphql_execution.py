"""The short way answers exactly what the general way does."""

from types import SimpleNamespace
from typing import Any

import graphene
import pytest
from graphql import ExecutionResult, execute_sync, parse

from specrec.graphql_execution import PlainFieldsFirst


class Colour(graphene.Enum):  # type: ignore[misc]  # graphene has no types
    RED = 1


class Thing(graphene.ObjectType):  # type: ignore[misc]  # the same
    text = graphene.String()
    needed = graphene.String(required=True)
    number = graphene.Int()
    colour = graphene.Field(Colour)
    many = graphene.List(graphene.Int)
    made = graphene.String()
    asked = graphene.String(loud=graphene.Boolean())
    child = graphene.Field(lambda: Thing)
    defaulted = graphene.String(default_value="d")

    @staticmethod
    def resolve_made(root: Any, _info: graphene.ResolveInfo) -> str:
        return f"made of {root.text if hasattr(root, 'text') else root['text']}"

    @staticmethod
    def resolve_asked(_root: Any, _info: graphene.ResolveInfo, *, loud: bool = False) -> str:
        return "LOUD" if loud else "quiet"


class Query(graphene.ObjectType):  # type: ignore[misc]  # the same
    thing = graphene.Field(Thing)


SCHEMA = graphene.Schema(query=Query).graphql_schema
WHOLE = {"text": "t", "needed": "n", "number": 7, "colour": Colour.RED, "many": [1, 2], "child": None}


def answer(text: str, thing: Any, *, short: bool) -> ExecutionResult:
    context = PlainFieldsFirst if short else None
    return execute_sync(SCHEMA, parse(text), SimpleNamespace(thing=thing), execution_context_class=context)


class TestPlainFieldsFirst:
    @pytest.mark.parametrize(
        "fields",
        [
            "text needed number colour many made child { text }",
            "a: text b: text __typename",
            "asked loud: asked(loud: true)",
            "defaulted text @skip(if: true) needed @include(if: true)",
        ],
    )
    @pytest.mark.parametrize(
        "thing",
        [
            WHOLE,
            SimpleNamespace(**WHOLE),
            WHOLE | {"child": WHOLE},
            WHOLE | {"text": None},
            WHOLE | {"number": "seven"},
        ],
        ids=["dict", "object", "nested", "null", "unserialisable"],
    )
    def test_answers_what_the_general_way_does(self, fields: str, thing: Any) -> None:
        text = f"{{ thing {{ {fields} }} }}"
        assert answer(text, thing, short=True).formatted == answer(text, thing, short=False).formatted

    def test_reports_a_missing_value_of_a_required_field_in_place(self) -> None:
        found = answer("{ thing { needed } }", {}, short=True)
        assert found.data == {"thing": None}
        assert found.errors is not None
        assert [error.path for error in found.errors] == [["thing", "needed"]]

    def test_reads_a_plain_field_without_resolving_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        resolved: list[str] = []
        general = PlainFieldsFirst.execute_field

        def noting(self: Any, parent: Any, source: Any, nodes: Any, path: Any) -> Any:
            resolved.append(nodes[0].name.value)
            return general(self, parent, source, nodes, path)

        monkeypatch.setattr(PlainFieldsFirst, "execute_field", noting)
        answer("{ thing { text number colour made } }", WHOLE, short=True)
        assert resolved == ["thing", "made"]
