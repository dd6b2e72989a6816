"""GraphQL documents: kept, and refused before they cost anything."""

from typing import Any
from unittest import mock

import pytest
from graphql import GraphQLSchema, build_schema, get_introspection_query, parse

from specrec import graphql_documents
from specrec.graphql_documents import Rejected, kept, prepare
from specrec.kernel.errors import Invalid, TooLarge

SCHEMA = build_schema("type Query { a: Node b(x: Int): Int } type Node { n: Node v: Int } type Mutation { m: Int }")


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    graphql_documents.forget_all()


def nested(levels: int) -> str:
    return "{ a " + "{ n " * (levels - 2) + "{ v }" + " }" * (levels - 2) + " }"


def refusal_of(text: str) -> tuple[type[Exception], str]:
    with pytest.raises((Invalid, TooLarge)) as refused:
        prepare(SCHEMA, text)
    assert refused.value.field == "query"
    return type(refused.value), refused.value.code


class TestPrepare:
    def test_parses_and_validates_the_same_text_once(self) -> None:
        with mock.patch("specrec.graphql_documents.parse", wraps=parse) as parsing:
            first, second = prepare(SCHEMA, "{ b }"), prepare(SCHEMA, "{ b }")
        assert first is second
        assert parsing.call_count == 1

    def test_keeps_documents_of_two_schemas_apart(self) -> None:
        prepare(SCHEMA, "{ b }")
        other: GraphQLSchema = build_schema("type Query { c: Int }")
        with pytest.raises(Rejected):
            prepare(other, "{ b }")

    def test_keeps_no_more_than_it_says(self) -> None:
        for number in range(graphql_documents.KEPT + 10):
            prepare(SCHEMA, f"{{ b(x: {number}) }}")
        assert kept() == graphql_documents.KEPT

    @pytest.mark.parametrize(
        "text",
        ["", "{", "{ nothing }", "query($x: Int) { b }", "{ b(x: \x00) }", "{" + "a{" * 1_500, '{ b(x: "\ud800") }'],
    )
    def test_rejects_what_the_language_does_and_keeps_nothing(self, text: str) -> None:
        with pytest.raises(Rejected) as rejected:
            prepare(SCHEMA, text)
        assert rejected.value.errors
        assert kept() == 0

    def test_takes_a_query_of_the_greatest_depth(self) -> None:
        assert prepare(SCHEMA, nested(12)).kind(None) == "query"

    def test_takes_the_question_of_every_graphql_tool(self) -> None:
        assert prepare(SCHEMA, get_introspection_query()).kind("IntrospectionQuery") == "query"

    @pytest.mark.parametrize(
        ("text", "error", "code"),
        [
            ("{ b }" + " " * 20_000, TooLarge, "query_too_large"),
            (nested(13), Invalid, "query_too_deep"),
            (nested(150), Invalid, "query_too_deep"),
            ("{" + " ".join(f"b{number}: b" for number in range(21)) + "}", Invalid, "query_too_costly"),
            ("{ a {" + " ".join(f"v{number}: v" for number in range(500)) + "} }", Invalid, "query_too_costly"),
            ("{ ...F ...F ...F } fragment F on Query {" + " x: b" * 7 + "}", Invalid, "query_too_costly"),
            ("{ a { ...F12 } } fragment F12 on Node " + nested(13), Invalid, "query_too_deep"),
        ],
        ids=["long", "deep", "very deep", "root aliases", "aliases", "spreads at the root", "deep fragment"],
    )
    def test_refuses_what_costs_too_much(self, text: str, error: type[Exception], code: str) -> None:
        assert refusal_of(text) == (error, code)

    def test_measures_fragments_of_fragments_without_writing_them_out(self) -> None:
        bombs = "".join(f"fragment F{n} on Node {{ n {{ ...F{n + 1} ...F{n + 1} }} }} " for n in range(60))
        text = "{ a { ...F0 } } " + bombs + "fragment F60 on Node { v }"
        assert refusal_of(text)[0] is Invalid

    def test_a_cycle_of_fragments_is_rejected(self) -> None:
        with pytest.raises(Rejected):
            prepare(SCHEMA, "{ a { ...F } } fragment F on Node { ...G } fragment G on Node { ...F }")

    def test_too_many_tokens_are_rejected(self) -> None:
        with pytest.raises(Rejected):
            prepare(SCHEMA, "{ b " + "@a " * 3_000 + "}")


class TestKind:
    TWO = "query Q { b } mutation M { m }"

    @pytest.mark.parametrize(("name", "kind"), [("Q", "query"), ("M", "mutation"), (None, None), ("X", None)])
    def test_is_that_of_the_named_operation(self, name: Any, kind: Any) -> None:
        assert prepare(SCHEMA, self.TWO).kind(name) == kind
