"""What GraphQL over HTTP answers, whatever door it came through: who asks, the execution, and refusals.

A context is what resolvers find as `info.context`: `META` (the headers, as WSGI names them) and `caller`.
"""

from http import HTTPStatus
from typing import Any, Protocol

import msgspec
from django.conf import settings
from django.http import HttpResponse
from graphql import ExecutionResult, execute_sync

from apps.profiles import api as profiles
from apps.profiles.contracts import Caller
from specrec.errors import Refused, graphql_error_formatter, problem_from, problem_response
from specrec.graphql_documents import Rejected, prepare
from specrec.graphql_execution import PlainFieldsFirst
from specrec.kernel import wire
from specrec.kernel.errors import Problem
from specrec.schema import schema

JSON = "application/json"


class Context(Protocol):
    """What the resolvers may know of the request."""

    META: dict[str, Any]
    caller: Caller | None


class GraphQLRequest(msgspec.Struct, frozen=True):
    """What a client sends: GraphQL over HTTP. `extensions` are accepted and not used."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = msgspec.field(default=None, name="operationName")
    extensions: Any = None


def identify(headers: dict[str, Any]) -> Caller | None:
    """Return who asks, having counted the request; raises what the gate raises. None only in development."""
    presented = profiles.presented_key(
        authorization=headers.get("HTTP_AUTHORIZATION"), key_header=headers.get("HTTP_X_SPECREC_KEY")
    )
    # In development GraphiQL may read the schema without a key; resolvers still ask for one.
    if presented is None and settings.DEBUG:
        return None
    caller = profiles.authenticate(presented=presented, origin=headers.get("HTTP_ORIGIN"))
    profiles.check_rate(caller=caller)
    return caller


def answer(context: Context, asked: GraphQLRequest, *, may_change: bool = True) -> tuple[bytes, int]:
    """Return body and status: 200 once the execution has begun, 400 when it could not; raises Rejected, Problem."""
    result = execute(context, asked, may_change=may_change)
    if not result.errors:
        return wire.encode({"data": result.data}), HTTPStatus.OK
    document: dict[str, Any] = {"errors": [graphql_error_formatter(error) for error in result.errors]}
    if result.data is None and not any(error.path for error in result.errors):
        return wire.encode(document), HTTPStatus.BAD_REQUEST
    return wire.encode(document | {"data": result.data}), HTTPStatus.OK


def execute(context: Context, asked: GraphQLRequest, *, may_change: bool) -> ExecutionResult:
    """Execute a document that was made ready before, now or earlier; raises Rejected, Problem."""
    prepared = prepare(schema.graphql_schema, asked.query)
    if not may_change and prepared.kind(asked.operation_name) not in {"query", None}:
        message = "A mutation must be sent with POST."
        raise Refused(message, status=HTTPStatus.METHOD_NOT_ALLOWED, code="method_not_allowed")
    is_browser = context.caller is None or context.caller.kind != "secret"
    prepared.check_rows(asked.operation_name, asked.variables or {}, is_browser=is_browser)
    return execute_sync(
        schema.graphql_schema,
        prepared.document,
        context_value=context,
        variable_values=asked.variables,
        operation_name=asked.operation_name,
        execution_context_class=PlainFieldsFirst,
    )


def refusal_of(error: Exception) -> HttpResponse:
    """Return what tells the client of the error: the language's own sentences, or a problem; defects are masked."""
    if isinstance(error, Rejected):
        errors = [graphql_error_formatter(one) for one in error.errors]
        return HttpResponse(wire.encode({"errors": errors}), content_type=JSON, status=HTTPStatus.BAD_REQUEST)
    return _refusal(problem_from(error))


def _refusal(problem: Problem) -> HttpResponse:
    """Return the problem in the form of GraphQL with the status and headers that REST would give it."""
    response = problem_response(problem)
    document = problem.as_dict()
    extensions = {name: value for name, value in document.items() if name not in {"type", "title", "detail"}}
    response.content = wire.encode({"errors": [{"message": document["detail"], "extensions": extensions}]})
    response["Content-Type"] = JSON
    if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        response["Allow"] = "GET, POST"
    return response
