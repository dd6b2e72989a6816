"""How many rows a document may ask for, whatever form `first` takes."""

from typing import Any

import pytest
from graphql import build_schema

from specrec.graphql_documents import prepare
from specrec.kernel.errors import Invalid

SCHEMA = build_schema("""
type Query { items(first: Int = 20): [Item] stores(first: Int = 500): [Item] item: Item }
type Item { name: String like(first: Int = 10): [Item] }
""")


def check(
    text: str, variables: dict[str, Any] | None = None, *, name: str | None = None, browser: bool = False
) -> None:
    prepare(SCHEMA, text).check_rows(name, variables or {}, is_browser=browser)


class TestCheckRows:
    @pytest.mark.parametrize(
        ("text", "variables"),
        [
            ("{ items(first: 500) { name } stores { name } item { name } }", {}),
            ("{ a: items(first: 1000) { name } b: items(first: 500) { name } }", {}),
            ("{ items(first: 100) { like { name } } }", {}),
            ("query($n: Int) { items(first: $n) { name } }", {"n": 1_500}),
            ("query($n: Int) { items(first: $n) { name } }", {"n": "no number"}),
            ("query($n: Int) { items(first: $n) { name } }", {"n": None}),
            ("{ items(first: -5) { name } }", {}),
            ("{ __typename __schema { types { name } } }", {}),
        ],
    )
    def test_takes(self, text: str, variables: dict[str, Any]) -> None:
        check(text, variables)

    @pytest.mark.parametrize(
        ("text", "variables"),
        [
            ("{ items(first: 1501) { name } }", {}),
            ("{ a: items(first: 1000) { name } b: items(first: 501) { name } }", {}),
            ("{ a: stores { name } b: stores { name } c: stores { name } items { name } }", {}),
            ("{ items(first: 500) { like { name } } }", {}),
            ("{ items(first: 40) { like(first: 40) { name } } }", {}),
            ("query($n: Int) { items(first: $n) { name } }", {"n": 1_501}),
            ("query($n: Int) { items(first: $n) { name } }", {"n": 1_501.0}),
            ("query($n: Int = 1501) { items(first: $n) { name } }", {}),
            ("{ ...F } fragment F on Query { a: items(first: 1000) { name } b: items(first: 501) { name } }", {}),
            ("{ ... on Query { items(first: 2000) { name } } }", {}),
            ("{ item { like(first: 2000) { name } } }", {}),
        ],
    )
    def test_refuses_too_many(self, text: str, variables: dict[str, Any]) -> None:
        with pytest.raises(Invalid) as refused:
            check(text, variables)
        assert (refused.value.code, refused.value.field) == ("query_too_costly", "first")

    def test_says_how_many(self) -> None:
        with pytest.raises(Invalid, match=r"asks for 2,000 rows; at most 1,500 are given at once\. Lower `first`\."):
            check("{ a: items(first: 1000) { name } b: items(first: 1000) { name } }")

    def test_counts_the_named_operation_only(self) -> None:
        text = "query Small { items { name } } query Large { items(first: 2000) { name } }"
        check(text, name="Small")
        with pytest.raises(Invalid):
            check(text, name="Large")

    def test_a_browser_gets_a_hundred_at_one_field(self) -> None:
        check("{ items(first: 100) { name } stores { name } }", browser=True)
        with pytest.raises(Invalid) as refused:
            check("query($n: Int) { items(first: $n) { name } }", {"n": 101}, browser=True)
        assert (refused.value.code, refused.value.field) == ("page_too_large", "first")
