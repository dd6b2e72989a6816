"""JSON schemas of our types, as the OpenAPI document wants them: self-contained, without a reference to anything."""

from typing import Any

import msgspec

_PREFIX = "#/$defs/"


def schema_of(kind: Any) -> dict[str, Any]:
    """Return the JSON schema (2020-12) of a msgspec type with every definition written out in its place."""
    schema = msgspec.json.schema(kind, ref_template=_PREFIX + "{name}")
    definitions = schema.pop("$defs", {})
    inlined = _inline(schema, definitions)
    return inlined if isinstance(inlined, dict) else {}


def _inline(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inline(entry, definitions) for entry in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = definitions[node["$ref"].removeprefix(_PREFIX)]
        beside = {key: value for key, value in node.items() if key != "$ref"}
        return _inline(target, definitions) | beside
    return {key: _pattern(value) if key == "pattern" else _inline(value, definitions) for key, value in node.items()}


def _pattern(pattern: Any) -> Any:
    """Return Python's anchors as those of ECMAScript, which JSON schema speaks (a property may have that name)."""
    return pattern.replace(r"\A", "^").replace(r"\Z", "$") if isinstance(pattern, str) else pattern
