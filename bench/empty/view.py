"""What Django costs at least: an empty view, reached as if there were no middleware."""

from collections.abc import Callable

from django.core.handlers.base import BaseHandler
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase


def empty(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - the signature of a view
    """Answer with nothing to do."""
    return HttpResponse(b"ok")


class _Bare(BaseHandler):
    """Django with an empty list of middleware: resolve, call the view, no more."""

    def answer(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)  # type: ignore[attr-defined,no-any-return] - Django's stubs leave it out


class EmptyFirst:
    """Takes the empty view past all other middleware; for every other address it costs one comparison."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._bare = _Bare()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the empty view at once."""
        if request.path_info == "/bench/empty":
            return self._bare.answer(request)
        return self._get_response(request)
