"""Bodies without a length, read whole; and what only pages for people need, kept off the doors of machines.

Doors that are opened with a key read no cookie, show no frame and are no file, so these middlewares would do nothing
there but cost: together they took a third of the time of a whole small answer. Each is the original, told to step aside
on those paths; that of CORS, where no browser asks from another origin.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from inspect import iscoroutinefunction
from typing import Any

from corsheaders import middleware as cors
from django.conf import settings
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.core.exceptions import RequestDataTooBig
from django.core.handlers.wsgi import LimitedStream, WSGIRequest
from django.http import HttpRequest, HttpResponseBase, HttpResponseForbidden
from django.middleware import clickjacking, csrf
from django.utils.decorators import sync_and_async_middleware
from whitenoise import middleware as whitenoise

from specrec.errors import Refused, problem_response

Answer = HttpResponseBase | Awaitable[HttpResponseBase]  # the second under ASGI
MACHINE_PATHS = ("/v1/", "/graphql", "/health/", "/version", "/metrics")


def is_for_machines(request: HttpRequest) -> bool:
    """Return whether the path is a door that is opened with a key (or that needs none), never with a cookie."""
    return request.path_info.startswith(MACHINE_PATHS)


@sync_and_async_middleware
def whole_bodies(get_response: Callable[[HttpRequest], Answer]) -> Callable[[HttpRequest], Answer]:
    """Return what answers a body that comes in chunks, of which Django would read nothing under WSGI.

    It is read to its end where the server marks that, up to the size of any other body; else it is refused with 411.
    """
    if iscoroutinefunction(get_response):
        return get_response  # under ASGI the end is always marked

    def answer(request: HttpRequest) -> Answer:
        if isinstance(request, WSGIRequest) and not request.META.get("CONTENT_LENGTH"):
            if request.META.get("wsgi.input_terminated"):
                chunks: Any = _Chunks(request.META["wsgi.input"], settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
                request._stream = chunks  # noqa: SLF001 - there is no public way
            elif "HTTP_TRANSFER_ENCODING" in request.META:
                message = "This server does not read a body in chunks. Send it with a Content-Length."
                return problem_response(Refused(message, status=HTTPStatus.LENGTH_REQUIRED, code="length_required"))
        return get_response(request)

    return answer


class _Chunks(LimitedStream):
    """A body without a length; raises RequestDataTooBig where it is longer than allowed."""

    def __init__(self, stream: Any, allowed: int) -> None:
        super().__init__(stream, allowed + 1)
        self._left = allowed

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes, all of them by default."""
        return self._checked(super().read(-1 if size is None else size))

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return the next line."""
        return self._checked(super().readline(-1 if size is None else size))

    def _checked(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            message = "The body is larger than this server reads."
            raise RequestDataTooBig(message)
        return data


class WhiteNoiseMiddleware(whitenoise.WhiteNoiseMiddleware):  # type: ignore[misc]  # the library has no types
    """Static files."""

    def __call__(self, request: HttpRequest) -> Any:
        """Answer with the file, where there may be one."""
        return self.get_response(request) if is_for_machines(request) else super().__call__(request)


class CorsMiddleware(cors.CorsMiddleware):
    """Answers for pages of other origins; any may read, so that an answer does not vary by who asks."""

    def __call__(self, request: HttpRequest) -> Any:
        """Answer, with the headers for a browser where one asks from another origin."""
        return super().__call__(request) if "HTTP_ORIGIN" in request.META else self.get_response(request)


class XFrameOptionsMiddleware(clickjacking.XFrameOptionsMiddleware):
    """Pages that nobody may frame."""

    def __call__(self, request: HttpRequest) -> Any:
        """Answer, with the header where people are."""
        return self.get_response(request) if is_for_machines(request) else super().__call__(request)


class SessionMiddleware(sessions.SessionMiddleware):
    """Sessions for people."""

    def __call__(self, request: HttpRequest) -> Answer:
        """Answer, with a session where people are."""
        return self.get_response(request) if is_for_machines(request) else super().__call__(request)


class CsrfViewMiddleware(csrf.CsrfViewMiddleware):
    """Tokens in the forms of people."""

    def __call__(self, request: HttpRequest) -> Answer:
        """Answer, with a token where people are."""
        return self.get_response(request) if is_for_machines(request) else super().__call__(request)

    def process_view(
        self,
        request: HttpRequest,
        callback: Callable[..., HttpResponseBase],
        callback_args: tuple[Any, ...],
        callback_kwargs: dict[str, Any],
    ) -> HttpResponseForbidden | None:
        """Check the token of a form; a machine presents a key instead, which no browser adds by itself."""
        if is_for_machines(request):
            return None
        return super().process_view(request, callback, callback_args, callback_kwargs)


class AuthenticationMiddleware(auth.AuthenticationMiddleware):
    """Users of the admin."""

    def __call__(self, request: HttpRequest) -> Answer:
        """Answer, knowing the user where people are."""
        return self.get_response(request) if is_for_machines(request) else super().__call__(request)


class MessageMiddleware(messages.MessageMiddleware):
    """Messages between two pages."""

    def __call__(self, request: HttpRequest) -> Answer:
        """Answer, with messages where people are."""
        return self.get_response(request) if is_for_machines(request) else super().__call__(request)
