"""A small keep-alive HTTP client for measuring: pre-encoded bodies in, status and bytes out."""

import http.client
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import msgspec


class Failed(RuntimeError):
    """The server answered something else than expected; the message holds method, path, status and the body's start."""


class Client:
    """One connection to one server with one key; not to be shared between threads."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    @property
    def port(self) -> int | None:
        """The port of this end of the connection, by which the process at the other end can be told; None before."""
        return None if self._connection.sock is None else int(self._connection.sock.getsockname()[1])

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        self._connection.close()

    def request(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Send one request; a connection that the server has closed is opened once more."""
        for attempt in (0, 1):
            try:
                self._connection.request(method, path, body, self._headers)
                answer = self._connection.getresponse()
                return answer.status, answer.read()
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self._connection.close()
                if attempt:
                    raise
        raise AssertionError

    def call(self, method: str, path: str, payload: Any = None) -> Any:
        """Send and return JSON; raises Failed for any status of 400 and above."""
        body = None if payload is None else payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
        status, answer = self.request(method, path, body)
        if status >= HTTPStatus.BAD_REQUEST:
            message = f"{method} {path} answered {status}: {answer[:500]!r}"
            raise Failed(message)
        return msgspec.json.decode(answer) if answer else None

    def wait_for(self, path: str, done: "Any", *, seconds: float, every: float = 0.2) -> Any:
        """Ask GET `path` until `done(answer)` is true and return that answer; raises Failed when the time is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            answer = self.call("GET", path)
            if done(answer):
                return answer
            time.sleep(every)
        message = f"GET {path} did not become what was waited for within {seconds:.0f} s"
        raise Failed(message)
