"""The GraphQL door: the same key, limits and errors as REST, on graphene-django's view without its costs.

The stock view parses and validates at every request and sets a CSRF cookie; here documents are made ready once
(`graphql_documents`), bodies are read and answers written by msgspec, and there is no batching and no cookie.
"""

from http import HTTPStatus
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from graphene_django.views import GraphQLView
from graphql import ExecutionResult, execute_sync

from apps.profiles import api as profiles
from apps.profiles.contracts import Caller
from specrec.errors import Refused, graphql_error_formatter, problem_from, problem_response
from specrec.graphql_documents import Rejected, prepare
from specrec.graphql_execution import PlainFieldsFirst
from specrec.kernel import wire
from specrec.kernel.errors import Invalid, Problem

JSON = "application/json"


class GraphQLRequest(msgspec.Struct, frozen=True):
    """What a client sends: GraphQL over HTTP. `extensions` are accepted and not used."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = msgspec.field(default=None, name="operationName")
    extensions: Any = None


@method_decorator(csrf_exempt, name="dispatch")  # a key, not a cookie, says who calls
class SpecrecGraphQLView(GraphQLView):
    """Answers GraphQL over HTTP; `request.caller` is the Caller for resolvers (`info.context.caller`)."""

    graphiql_template = "specrec/graphiql.html"

    def dispatch(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
        """Return the answer as JSON whatever happens: result, problem of the request, or a masked defect."""
        try:
            if self._wants_graphiql(request):
                return render(request, self.graphiql_template)
            _identify(request)
            content, status = self.get_response(request, self.parse_body(request))
        except Rejected as rejected:
            errors = [graphql_error_formatter(error) for error in rejected.errors]
            return HttpResponse(wire.encode({"errors": errors}), content_type=JSON, status=HTTPStatus.BAD_REQUEST)
        except Exception as error:  # noqa: BLE001 - the edge: everything becomes an answer, defects are logged there
            return _refusal(problem_from(error))
        return HttpResponse(content, content_type=JSON, status=status)

    def parse_body(self, request: HttpRequest) -> GraphQLRequest:
        """Return what the client sends; raises Invalid, TooLarge or Refused."""
        if request.method == "GET":
            return _from_address(request)
        if request.method != "POST":
            raise Refused("Ask with GET or POST.", status=HTTPStatus.METHOD_NOT_ALLOWED, code="method_not_allowed")
        if request.content_type == "application/graphql":
            return wire.convert({"query": _text(request.body)}, GraphQLRequest)
        if request.content_type != JSON:
            message = f"Send the request as {JSON}, not {(request.content_type or 'without a type')[:100]}."
            raise Refused(message, status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE, code="unsupported_media_type")
        return wire.decode(request.body, GraphQLRequest)

    def get_response(
        self,
        request: HttpRequest,
        data: GraphQLRequest,
        show_graphiql: bool = False,  # noqa: FBT001, FBT002 - its signature
    ) -> tuple[bytes, int]:
        """Return body and status: 200 once the execution has begun, 400 when it could not."""
        result = self.execute_graphql_request(
            request, data, data.query, data.variables, data.operation_name, show_graphiql
        )
        if not result.errors:
            return wire.encode({"data": result.data}), HTTPStatus.OK
        answer: dict[str, Any] = {"errors": [graphql_error_formatter(error) for error in result.errors]}
        if result.data is None and not any(error.path for error in result.errors):
            return wire.encode(answer), HTTPStatus.BAD_REQUEST
        return wire.encode(answer | {"data": result.data}), HTTPStatus.OK

    def execute_graphql_request(  # noqa: PLR0917 - graphene-django's signature
        self,
        request: HttpRequest,
        data: GraphQLRequest,  # noqa: ARG002 - graphene-django's signature
        query: str,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        show_graphiql: bool = False,  # noqa: ARG002, FBT001, FBT002 - graphene-django's signature
    ) -> ExecutionResult:
        """Execute a document that was made ready before, now or earlier; GET may only query."""
        prepared = prepare(self.schema.graphql_schema, query)
        if request.method == "GET" and prepared.kind(operation_name) not in {"query", None}:
            message = "A mutation must be sent with POST."
            raise Refused(message, status=HTTPStatus.METHOD_NOT_ALLOWED, code="method_not_allowed")
        caller: Caller | None = request.caller  # type: ignore[attr-defined]  # put there by _identify
        is_browser = caller is None or caller.kind != "secret"
        prepared.check_rows(operation_name, variables or {}, is_browser=is_browser)
        return execute_sync(
            self.schema.graphql_schema,
            prepared.document,
            context_value=request,
            variable_values=variables,
            operation_name=operation_name,
            execution_context_class=PlainFieldsFirst,
        )

    def _wants_graphiql(self, request: HttpRequest) -> bool:
        return (
            settings.DEBUG
            and request.method == "GET"
            and "query" not in request.GET
            and "text/html" in request.META.get("HTTP_ACCEPT", "")
        )


def _identify(request: HttpRequest) -> None:
    headers = request.META
    presented = profiles.presented_key(
        authorization=headers.get("HTTP_AUTHORIZATION"), key_header=headers.get("HTTP_X_SPECREC_KEY")
    )
    caller: Caller | None = None
    # In development GraphiQL may read the schema without a key; resolvers still ask for one.
    if presented is not None or not settings.DEBUG:
        caller = profiles.authenticate(presented=presented, origin=headers.get("HTTP_ORIGIN"))
        profiles.check_rate(caller=caller)
    request.caller = caller  # type: ignore[attr-defined]  # the context of resolvers is the request itself


def _from_address(request: HttpRequest) -> GraphQLRequest:
    given: dict[str, Any] = {
        name: value for name in ("query", "operationName") if (value := request.GET.get(name)) is not None
    }
    if variables := request.GET.get("variables"):
        given["variables"] = wire.decode(variables.encode(errors="replace"), dict, at="variables")
    return wire.convert(given, GraphQLRequest)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Invalid("The query is not UTF-8 text.", code="malformed_text", field="query") from error


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
