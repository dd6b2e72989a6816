"""The GraphQL door: the same key, limits and errors as REST, on graphene-django's view without its costs.

The stock view parses and validates at every request and sets a CSRF cookie; here documents are made ready once
(`graphql_documents`), bodies are read and answers written by msgspec, and there is no batching and no cookie.
"""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from graphene_django.views import GraphQLView

from specrec import graphql_answers
from specrec.errors import Refused
from specrec.graphql_answers import JSON, GraphQLRequest
from specrec.kernel import wire
from specrec.kernel.errors import Invalid


@method_decorator(csrf_exempt, name="dispatch")  # a key, not a cookie, says who calls
class SpecrecGraphQLView(GraphQLView):
    """Answers GraphQL over HTTP; `request.caller` is the Caller for resolvers (`info.context.caller`)."""

    graphiql_template = "specrec/graphiql.html"

    def dispatch(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
        """Return the answer as JSON whatever happens: result, problem of the request, or a masked defect."""
        try:
            if self._wants_graphiql(request):
                return render(request, self.graphiql_template)
            context: Any = request  # that of resolvers is the request itself
            context.caller = graphql_answers.identify(request.META)
            content, status = graphql_answers.answer(
                context, self.parse_body(request), may_change=request.method != "GET"
            )
        except Exception as error:  # noqa: BLE001 - the edge: everything becomes an answer, defects are logged there
            return graphql_answers.refusal_of(error)
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

    def _wants_graphiql(self, request: HttpRequest) -> bool:
        return (
            settings.DEBUG
            and request.method == "GET"
            and "query" not in request.GET
            and "text/html" in request.META.get("HTTP_ACCEPT", "")
        )


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
