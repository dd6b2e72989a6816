"""What only pages for people need (sessions, CSRF, users, messages), kept off the doors of machines.

Doors that are opened with a key read no cookie, so Django's four middlewares would do nothing there but cost: together
they took a third of the time of a whole small answer. Each is Django's own, told to step aside on those paths.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest, HttpResponseBase, HttpResponseForbidden
from django.middleware import csrf

Answer = HttpResponseBase | Awaitable[HttpResponseBase]  # the second under ASGI
MACHINE_PATHS = ("/v1/", "/graphql", "/health/", "/version")


def is_for_machines(request: HttpRequest) -> bool:
    """Return whether the path is a door that is opened with a key (or that needs none), never with a cookie."""
    return request.path_info.startswith(MACHINE_PATHS)


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
