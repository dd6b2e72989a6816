"""The busiest questions, answered before Django: the same gate, the same functions, the same errors.

What Django does around a small answer costs as much as the answer. A request that is plain (a POST of known size to one
of the addresses below, for a host that is ours) is answered here; every other one, and whatever is odd about one of
these, goes on to Django untouched. Both are one WSGI application on one port, so nothing has to know that there are two
doors; `tests/suites/doors` asks both the same and compares. Middleware of your own is not asked here: see
`SPECREC_EDGE`.
"""

import logging
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import close_old_connections
from django.http import HttpResponse
from django.http.request import split_domain_port, validate_host

from apps.profiles import api as profiles
from apps.profiles.contracts import Caller
from apps.recommend.rest.doors import DOORS, MAX_BODY, Door
from specrec import graphql_answers
from specrec.errors import problem_from, problem_response
from specrec.graphql_answers import JSON, GraphQLRequest
from specrec.kernel import wire

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
StartResponse = Callable[[str, Headers], object]
Application = Callable[[Environ, StartResponse], Any]  # Any: what WSGI calls an iterable of bytes
Found = tuple[int, bytes, Headers]

_log = logging.getLogger("django.request")  # where Django tells of answers of 500 and above
_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_JSON_TYPE: Headers = [("Content-Type", JSON)]
_JSON_TYPES = frozenset({JSON, f"{JSON}; charset=utf-8", f"{JSON};charset=utf-8", f"{JSON}; charset=UTF-8"})


class Edge:
    """The application in front of Django's."""

    def __init__(self, django: Application) -> None:
        self._django = django
        self._answers: dict[str, Callable[[Environ], Found]] = _mounted() if _is_usual() else {}
        self._headers = _security_headers()

    def __call__(self, request: Environ, start_response: StartResponse) -> Any:
        """Answer the request, or let Django do so."""
        answer = self._answers.get(request["PATH_INFO"])
        if answer is None or not _is_plain(request):
            return self._django(request, start_response)
        _CONNECTIONS.look_after()
        status, body, headers = answer(request)
        sent = [*headers, *self._headers, ("Content-Length", str(len(body)))]
        if "HTTP_ORIGIN" in request:
            sent += [("access-control-allow-origin", "*"), ("Vary", "origin")]
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("%s: %s", HTTPStatus(status).phrase, request["PATH_INFO"])
        start_response(_LINES[status], sent)
        return [body]


class _Connections(threading.local):
    """The connections to Postgres of this thread."""

    def __init__(self) -> None:
        self._due = 0.0

    def look_after(self) -> None:
        """Close what is broken or too old, about once a second: it would be asked for ever."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + 1.0
            close_old_connections()


_CONNECTIONS = _Connections()


class _Context:
    """What GraphQL's resolvers know of the request."""

    __slots__ = ("META", "caller")

    def __init__(self, request: Environ, caller: Caller | None) -> None:
        self.META = request
        self.caller = caller


def _mounted() -> dict[str, Callable[[Environ], Found]]:
    found: dict[str, Callable[[Environ], Found]] = {}
    if "recommend" in settings.SERVICES:
        found |= {f"/v1/{path}": _rest(door) for path, door in DOORS.items()}
    if "graphql" in settings.SERVICES:
        found["/graphql"] = _graphql
    return found


def _rest(door: Door) -> Callable[[Environ], Found]:
    def answer(request: Environ) -> Found:
        try:
            presented = profiles.presented_key(
                authorization=request.get("HTTP_AUTHORIZATION"), key_header=request.get("HTTP_X_SPECREC_KEY")
            )
            caller = profiles.authenticate(presented=presented, origin=request.get("HTTP_ORIGIN"))
            profiles.require_scope(caller=caller, scope=door.scope)
            profiles.check_rate(caller=caller)
            return HTTPStatus.OK, door.answer(caller, _body_of(request)), _JSON_TYPE
        except Exception as error:  # noqa: BLE001 - the edge: everything becomes an answer, defects are logged there
            return _taken_apart(problem_response(problem_from(error)))

    return answer


def _graphql(request: Environ) -> Found:
    try:
        context = _Context(request, graphql_answers.identify(request))
        content, status = graphql_answers.answer(context, wire.decode(_body_of(request), GraphQLRequest))
    except Exception as error:  # noqa: BLE001 - the edge: everything becomes an answer, defects are logged there
        return _taken_apart(graphql_answers.refusal_of(error))
    return status, content, _JSON_TYPE


def _body_of(request: Environ) -> bytes:
    body: bytes = request["wsgi.input"].read(int(request["CONTENT_LENGTH"]))
    return body


def _taken_apart(response: HttpResponse) -> Found:
    return response.status_code, response.content, list(response.items())


def _is_plain(request: Environ) -> bool:
    """Return whether this is answered here: nothing about it asks for more than the doors below know."""
    length = request.get("CONTENT_LENGTH", "")
    return (
        request["REQUEST_METHOD"] == "POST"
        and length.isascii()
        and length.isdigit()
        and int(length) <= MAX_BODY
        and request.get("CONTENT_TYPE") in _JSON_TYPES
        and not request.get("SCRIPT_NAME")
        and _is_ours(request.get("HTTP_HOST", ""))
        and _is_simple(request.get("HTTP_ORIGIN", ""))
    )


@lru_cache(maxsize=256)
def _is_ours(host: str) -> bool:
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def _is_simple(origin: str) -> bool:
    """Return whether the origin can be read as an address: what cannot gets other headers."""
    return origin.isascii() and "[" not in origin and "]" not in origin


def _is_usual() -> bool:
    """Return whether the framework is asked for no more than is done here."""
    return settings.CORS_ALLOW_ALL_ORIGINS and not (
        settings.DEBUG
        or settings.USE_X_FORWARDED_HOST
        or settings.SECURE_SSL_REDIRECT
        or settings.SECURE_HSTS_SECONDS
        or settings.DISALLOWED_USER_AGENTS
        or settings.PREPEND_WWW
        or settings.FORCE_SCRIPT_NAME
        or settings.CORS_ALLOW_CREDENTIALS
        or getattr(settings, "CORS_EXPOSE_HEADERS", None)
    )


def _security_headers() -> Headers:
    named = {
        "X-Content-Type-Options": "nosniff" if settings.SECURE_CONTENT_TYPE_NOSNIFF else None,
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
    }
    return [(name, value) for name, value in named.items() if value]
