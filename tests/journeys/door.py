"""The doors of a running stack, as a shop would use them."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import uuid4

T = TypeVar("T")
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
OFTEN = 20  # answers in a row: more than there are web processes to hide behind
VISIBLE_SECONDS = 15.0  # the promise is one second; a shared machine is given time, what counts is that it happens


class Door:
    """One key's way in."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Send JSON (bytes go as they are) and return status and decoded answer."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        own = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", "User-Agent": BROWSER}
        given = own | headers
        request = urllib.request.Request(f"{self.url}{path}", data=data, method=method, headers=given)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, _decoded(response.read())
        except urllib.error.HTTPError as refusal:
            return refusal.code, _decoded(refusal.read())

    def must(self, method: str, path: str, body: Any = None) -> Any:
        """Send and insist on success."""
        status, answer = self.send(method, path, body)
        assert status < 300, (status, answer)
        return answer

    def recommend(self, placement: str, **asked: Any) -> dict[str, Any]:
        """Ask for a placement."""
        answer: dict[str, Any] = self.must("POST", "/v1/recommendations", {"placement": placement, **asked})
        return answer

    def record(self, kind: str, anonymous_id: str, item_id: str, **changes: Any) -> None:
        """Send one event and insist that it was accepted."""
        event = {
            "id": str(uuid4()),
            "type": kind,
            "time": datetime.now(UTC).isoformat(),
            "anonymous_id": anonymous_id,
            "item_id": item_id,
        }
        answer = self.must("POST", "/v1/events", {"events": [event | changes]})
        assert answer["accepted"] == 1, answer


def ids(answer: dict[str, Any]) -> list[str]:
    """Return the items of the slate."""
    return [item["item_id"] for item in answer["items"]]


def eventually(ask: Callable[[], T], *, until: Callable[[T], bool]) -> T:
    """Ask again until the answer is as wanted, and return it; the last answer when it never is."""
    deadline = time.monotonic() + VISIBLE_SECONDS
    while not until(answer := ask()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer


def everywhere(ask: Callable[[], T], *, until: Callable[[T], bool]) -> bool:
    """Return whether the answer becomes as wanted so often in a row that it is so in every web process."""
    deadline = time.monotonic() + VISIBLE_SECONDS
    seen = 0
    while seen < OFTEN and time.monotonic() < deadline:
        seen = seen + 1 if until(ask()) else 0
    return seen == OFTEN


def _decoded(body: bytes) -> Any:
    return json.loads(body) if body else None
