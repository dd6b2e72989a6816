"""What Django costs at least: an empty view, reached as if there were no middleware."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import resolve


def empty(request: HttpRequest) -> HttpResponse:
    """Answer with nothing to do, having read the body where there is one."""
    if request.method == "POST":
        _ = request.body
    return HttpResponse(b"ok")


class EmptyFirst:
    """Takes the empty view past all other middleware; for every other address it costs one comparison."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the empty view at once: resolve the address and call the view, as Django does without middleware."""
        if request.path_info == "/bench/empty":
            request.resolver_match = found = resolve(request.path_info)
            response: HttpResponseBase = found.func(request)
            return response
        return self._get_response(request)
