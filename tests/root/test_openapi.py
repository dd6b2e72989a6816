"""The OpenAPI document, and the schemas in it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
import pytest
from django.core.management import call_command
from django.test import Client

from specrec.kernel import wire
from specrec.kernel.openapi import schema_of


class Leaf(msgspec.Struct, forbid_unknown_fields=True):
    """A leaf."""

    name: wire.Id
    at: datetime | None = None


class Tree(msgspec.Struct):
    pattern: str
    best: Leaf
    leaves: Annotated[list[Leaf], msgspec.Meta(max_length=3)] = []
    named: dict[str, Leaf] = {}
    owner: UUID | Leaf | None = None


def keys_of(node: Any) -> set[str]:
    if isinstance(node, dict):
        return set(node).union(*map(keys_of, node.values()))
    return set().union(*map(keys_of, node)) if isinstance(node, list) else set()


class TestSchemaOf:
    def test_writes_every_definition_out(self) -> None:
        schema = schema_of(Tree)
        assert keys_of(schema) & {"$ref", "$defs"} == set()
        for place in (
            schema["properties"]["best"],
            schema["properties"]["leaves"]["items"],
            schema["properties"]["named"]["additionalProperties"],
        ):
            assert (place["title"], place["required"], place["additionalProperties"]) == ("Leaf", ["name"], False)

    def test_speaks_the_patterns_of_ecmascript(self) -> None:
        assert schema_of(Leaf)["properties"]["name"]["pattern"] == r"^[^\x00-\x20\x7f]+$"

    def test_keeps_a_property_that_is_called_pattern(self) -> None:
        assert schema_of(Tree)["properties"]["pattern"] == {"type": "string"}

    def test_gives_each_caller_its_own(self) -> None:
        schema_of(Tree).clear()
        assert schema_of(Tree)["type"] == "object"


class TestDocument:
    @pytest.fixture
    def document(self, client: Client) -> Any:
        return client.get("/v1/openapi.json").json()

    def test_is_valid_and_made_without_a_warning(self, tmp_path: Any) -> None:
        call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "openapi.yml"))

    def test_shows_both_ways_to_present_a_key(self, document: Any) -> None:
        schemes = document["components"]["securitySchemes"]
        assert schemes["SiteKeyBearer"]["scheme"] == "bearer"
        assert schemes["SiteKeyHeader"]["name"] == "X-Specrec-Key"

    def test_every_operation_has_a_name_and_says_how_it_refuses(self, document: Any) -> None:
        operations = [
            operation
            for path in document["paths"].values()
            for method, operation in path.items()
            if method in {"get", "post", "put", "delete", "patch"}
        ]
        refusal = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        assert [operation["responses"]["default"]["content"] for operation in operations] == [refusal] * len(operations)
        names = [operation["operationId"] for operation in operations]
        assert len(set(names)) == len(names)
        assert all(operation["tags"] for operation in operations)

    @pytest.mark.parametrize(
        "path", ["/v1/shoppers/consent", "/v1/recommendations", "/v1/events", "/v1/items", "/v1/items/bulk"]
    )
    def test_knows_the_doors(self, document: Any, path: str) -> None:
        assert "post" in document["paths"][path]

    def test_is_shown_to_people_without_a_network(self, client: Client) -> None:
        page = client.get("/v1/docs").content.decode()
        assert "/v1/openapi.json" in page
        assert "//cdn" not in page
