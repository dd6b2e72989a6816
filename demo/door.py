"""The doors of a running specrec, as a shop's back office uses them: HTTP with a secret key."""

import http.client
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

_REFUSED = 400
_AWAY = 500
Body = bytes | dict[str, Any] | list[Any]


class Refused(RuntimeError):
    """The door answered with an error; the message says what and where."""


class Door:
    """One connection with one key; not to be shared between threads."""

    def __init__(self, url: str, *, key: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {key}"}

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def get(self, path: str) -> Any:
        """Return the answer; raises Refused."""
        return self._call("GET", path, None, "application/json")

    def post(self, path: str, body: Body, *, kind: str = "application/json") -> Any:
        """Send a body (bytes are sent as they are) and return the answer; raises Refused."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._call("POST", path, data, kind)

    def wait_for(self, path: str, *, until: Callable[[Any], object], seconds: float) -> Any:
        """Ask until the answer is as wanted and return it; raises Refused when the time is over."""
        deadline = time.monotonic() + seconds
        while not until(answer := self.get(path)):
            if time.monotonic() > deadline:
                raise Refused(f"{path} was not as expected after {seconds:.0f} s: {str(answer)[:500]}")
            time.sleep(0.15)
        return answer

    def _call(self, method: str, path: str, body: bytes | None, kind: str) -> Any:
        status, answer = self._send(method, path, body, kind)
        for pause in (0.5, 1.0, 2.0):
            if status < _AWAY:
                break
            time.sleep(pause)
            status, answer = self._send(method, path, body, kind)
        if status >= _REFUSED:
            raise Refused(f"{method} {path} answered {status}: {answer[:800].decode(errors='replace')}")
        return json.loads(answer) if answer else None

    def _send(self, method: str, path: str, body: bytes | None, kind: str) -> tuple[int, bytes]:
        headers = self._headers | ({"Content-Type": kind} if body is not None else {})
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (http.client.HTTPException, OSError) as error:
            self._connection.close()
            return 503, str(error).encode()
