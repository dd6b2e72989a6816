"""From errors to answers: one translation for REST, one for GraphQL, one for paths that neither of them serves.

Domain errors answer as themselves. What the framework refuses is put into the same words. A part that does not answer
is 503; input that only the database could refuse is 400; anything else is a defect of ours: 500, masked, with a
correlation id that finds the traceback in the log.
"""

import logging
import math
import uuid
from http import HTTPStatus
from typing import Any

import kombu.exceptions
import redis.exceptions
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.views import csrf, defaults
from graphql import GraphQLError
from rest_framework import exceptions as drf

from specrec.kernel import wire
from specrec.kernel.errors import Denied, Invalid, NotFound, Problem, Throttled, TooLarge, Unauthenticated, Unavailable

logger = logging.getLogger(__name__)

PARTS_DOWN = (
    OperationalError,
    InterfaceError,
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    kombu.exceptions.OperationalError,
)
RETRY_SECONDS = 1.0


class Defect(Problem):
    """An error that nobody foresaw, masked: the log knows it by `correlation_id`."""

    title = "Internal error"


class Refused(Problem):
    """A refusal of the web framework (405, 406, 415 and the like), in our words."""

    def __init__(self, message: str, *, status: int, code: str) -> None:
        super().__init__(message, code=code)
        self.refused_with = status

    def as_dict(self) -> dict[str, Any]:
        """Return the problem document with the framework's own status."""
        own = {"status": self.refused_with, "title": HTTPStatus(self.refused_with).phrase}
        return super().as_dict() | own


def problem_from(error: BaseException) -> Problem:
    """Return the error as a Problem; an unforeseen one is logged with its traceback and comes back masked."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, PARTS_DOWN):
        logger.warning("a part does not answer: %s: %s", type(error).__name__, error)
        message = "A part that this request needs does not answer. Try again in a moment."
        return Unavailable(message, code="part_unavailable", retry_after=RETRY_SECONDS)
    return _refusal_of_framework(error) or _refusal_of_rest(error) or _defect(error)


def rest_exception_handler(exc: Exception, context: dict[str, Any]) -> HttpResponse:
    """Return the problem document for any error of a REST view."""
    problem = problem_from(exc)
    response = problem_response(problem)
    if isinstance(exc, drf.MethodNotAllowed) and (view := context.get("view")) is not None:
        response["Allow"] = ", ".join(view.allowed_methods)
    return response


def problem_response(problem: Problem) -> HttpResponse:
    """Return the problem as `application/problem+json` with the headers that belong to its status."""
    document = problem.as_dict()
    response = HttpResponse(wire.encode(document), content_type="application/problem+json", status=document["status"])
    retry_after = problem.extra.get("retry_after")
    if retry_after is not None:
        response["Retry-After"] = str(max(1, math.ceil(retry_after)))
    if isinstance(problem, Unauthenticated):
        response["WWW-Authenticate"] = 'Bearer realm="specrec"'
    return response


def graphql_error_formatter(error: GraphQLError) -> dict[str, Any]:
    """Return one entry of `errors`: message, path and locations, with `extensions {code, status, field}`.

    Errors of the language itself (syntax, unknown field, wrong variable) keep their message; defects are masked.
    """
    formatted: dict[str, Any] = {"message": error.message}
    if error.locations:
        formatted["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        formatted["path"] = error.path
    if error.original_error is None or isinstance(error.original_error, GraphQLError):
        formatted["extensions"] = {"code": "bad_query", "status": 400, **(error.extensions or {})}
        return formatted
    document = problem_from(error.original_error).as_dict()
    formatted["message"] = document["detail"]
    formatted["extensions"] = {k: v for k, v in document.items() if k not in {"type", "title", "detail"}}
    return formatted


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400 (or 413) on paths outside of REST."""
    if _for_people(request):
        return defaults.bad_request(request, exception)
    return problem_response(problem_from(exception))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403 on paths outside of REST."""
    if _for_people(request):
        return defaults.permission_denied(request, exception)
    return problem_response(problem_from(exception))


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404 on paths that nothing serves."""
    if _for_people(request):
        return defaults.page_not_found(request, exception)
    return problem_response(NotFound("There is nothing at this address.", code="not_found"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 where a form was sent without its token; the doors of the platform use keys and need none."""
    if _for_people(request):
        return csrf.csrf_failure(request, reason)
    return problem_response(Denied("This address takes no such request.", code="csrf"))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 on paths outside of REST; Django has logged the traceback already."""
    if _for_people(request):
        return defaults.server_error(request)
    return problem_response(_masked(uuid.uuid4().hex))


def _for_people(request: HttpRequest) -> bool:
    return request.path.startswith("/admin/")


def _refusal_of_framework(error: BaseException) -> Problem | None:
    if isinstance(error, RequestDataTooBig):
        return TooLarge("The body is larger than this server reads. Send it in smaller parts.", code="too_large")
    if isinstance(error, UnreadablePostError):
        return Invalid("The body ended before it was whole. Send it again.", code="unreadable_body")
    if isinstance(error, DataError):
        logger.warning("input that only the database refused: %s", error)
        return Invalid("A value cannot be stored: it is out of range, too long or not valid text.", code="bad_value")
    if isinstance(error, SuspiciousOperation):
        return Invalid("The request was refused as malformed.", code="bad_request")
    if isinstance(error, Http404):
        return NotFound("There is nothing at this address.", code="not_found")
    if isinstance(error, PermissionDenied):
        return Denied("This is not allowed.", code="denied")
    return None


def _refusal_of_rest(error: BaseException) -> Problem | None:
    if not isinstance(error, drf.APIException):
        return None
    message = str(error.detail)
    if isinstance(error, drf.Throttled):
        return Throttled(message, retry_after=getattr(error, "wait", None) or RETRY_SECONDS)
    if error.status_code == HTTPStatus.UNAUTHORIZED:
        return Unauthenticated(message, code="unauthenticated")
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _defect(error)
    return Refused(message, status=error.status_code, code=error.default_code)


def _defect(error: BaseException) -> Problem:
    correlation_id = uuid.uuid4().hex
    logger.error("unforeseen error %s", correlation_id, exc_info=error)
    return _masked(correlation_id)


def _masked(correlation_id: str) -> Problem:
    message = "Something went wrong on our side. The operators find it under the correlation id."
    return Defect(message, code="internal_error", correlation_id=correlation_id)
