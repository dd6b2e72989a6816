"""What our OpenAPI document adds to that of the framework: how a key is presented, and how a refusal looks."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from specrec.kernel.errors import Invalid


class SiteKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the library has no types
    """How the OpenAPI document shows the two ways to present a key."""

    target_class = "apps.profiles.auth.SiteKeyAuthentication"
    name = ["SiteKeyBearer", "SiteKeyHeader"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:  # noqa: ARG002 - its signature
        """Return one scheme for each header."""
        hint = "A site's key: `pk_...` in browsers, `sk_...` on servers only."
        return [
            {"type": "http", "scheme": "bearer", "description": hint},
            {"type": "apiKey", "in": "header", "name": "X-Specrec-Key", "description": hint},
        ]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:  # noqa: ARG002 - its signature
        """Return the two schemes as alternatives."""
        return [{"SiteKeyBearer": []}, {"SiteKeyHeader": []}]


def add_problem_answers(result: dict[str, Any], **_context: Any) -> dict[str, Any]:
    """Return the OpenAPI document with the problem document as the answer to whatever an operation refuses."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _problem_schema()
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in result.get("paths", {}).values():
        for operation in operations.values():
            if isinstance(operation, dict) and "responses" in operation:
                operation["responses"].setdefault("default", {"description": "Refused", "content": content})
    return result


def _problem_schema() -> dict[str, Any]:
    """Return the schema of the problem document (RFC 9457) that every refusal is answered with."""
    text = {"type": "string"}
    return {
        "type": "object",
        "title": "Problem",
        "description": "Why the request was refused (RFC 9457): a stable `code`, and the `field` where there is one.",
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
        "examples": [Invalid("The limit must be between 1 and 100.", code="bad_limit", field="limit").as_dict()],
    }
