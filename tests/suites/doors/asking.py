"""One request to a WSGI application, as a server makes it, and what came back."""

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"
# Of each answer its own: ids are drawn, and how long to wait depends on when it was asked.
_OWN = frozenset({"recommendation_id", "recommendationId", "page_id", "pageId", "correlation_id", "retry_after"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; `body` is JSON unless it is bytes already. A variable of `environ` that is None is left out."""

    path: str
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"
    environ: dict[str, Any] = field(default_factory=dict)

    def as_environ(self) -> dict[str, Any]:
        """Return what a server hands to a WSGI application."""
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        path, _, query = self.path.partition("?")
        made: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1",
            "CONTENT_TYPE": JSON,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": True,
            "wsgi.errors": io.StringIO(),
        }
        made |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers.items()}
        return {name: value for name, value in (made | self.environ).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Answered:
    """Status line, headers by small name, and the body: JSON without what is each answer's own."""

    status: str
    headers: dict[str, str]
    body: Any

    @property
    def code(self) -> int:
        """The status as a number."""
        return int(self.status[:3])


def ask(application: Callable[..., Iterable[bytes]], asked: Asked) -> Answered:
    """Return what the application answers."""
    told: list[Any] = []
    chunks = application(asked.as_environ(), lambda status, headers: told.extend((status, headers)))
    body = b"".join(chunks)
    if (close := getattr(chunks, "close", None)) is not None:
        close()
    status, headers = told
    named = {name.lower(): value for name, value in headers}
    assert len(named) == len(headers), "a header was given twice"
    if "json" in named.get("content-type", ""):
        return Answered(status, _comparable(named), _without_own(json.loads(body)))
    return Answered(status, named, body)


def _comparable(headers: dict[str, str]) -> dict[str, str]:
    """Return the headers without the length where the body has numbers of its own, whose widths differ."""
    return {name: value for name, value in headers.items() if name not in {"content-length", "retry-after"}}


def _without_own(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_own(entry) for entry in value]
    if isinstance(value, dict):
        return {name: _without_own(entry) for name, entry in value.items() if name not in _OWN}
    return value
