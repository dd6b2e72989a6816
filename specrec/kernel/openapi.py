"""JSON schemas of our types, as the OpenAPI document wants them: self-contained, without a reference to anything."""

from typing import Any

import msgspec

from specrec.kernel.errors import Problem

_PREFIX = "#/$defs/"


def schema_of(kind: Any) -> dict[str, Any]:
    """Return the JSON schema (2020-12) of a msgspec type with every definition written out in its place."""
    schema = msgspec.json.schema(kind, ref_template=_PREFIX + "{name}")
    definitions = schema.pop("$defs", {})
    inlined = _inline(schema, definitions)
    return inlined if isinstance(inlined, dict) else {}


def problem_schema() -> dict[str, Any]:
    """Return the schema of the problem document (RFC 9457) that every refusal is answered with."""
    text = {"type": "string"}
    return {
        "type": "object",
        "title": "Problem",
        "description": "Why the request was refused: RFC 9457, with a stable `code` and the `field` where there is one.",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": text | {"description": "`urn:specrec:problem:` and the code"},
            "title": text,
            "status": {"type": "integer"},
            "detail": text | {"description": "What is wrong and what to do"},
            "code": text | {"description": "Stable, for programs"},
            "field": text | {"description": "Path into the body, such as `events[3].time`"},
            "retry_after": {"type": "number", "description": "Seconds to wait, with status 429 and 503"},
            "correlation_id": text | {"description": "Name of this failure in the log, with status 500"},
        },
        "example": Problem("The limit must be between 1 and 100.", code="bad_limit", field="limit").as_dict()
        | {"title": "Invalid input", "status": 400},
    }


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
    """Return Python's anchors as those of ECMAScript, which JSON schema speaks (a property may be called pattern too)."""
    return pattern.replace(r"\A", "^").replace(r"\Z", "$") if isinstance(pattern, str) else pattern
