"""The least that the server can do: what no program behind it can be faster than."""

from typing import Any


class Hello:
    """Answers every request on the server's own protocol (RSGI), without reading it."""

    async def __rsgi__(self, _scope: Any, protocol: Any) -> None:
        """Say hello."""
        protocol.response_bytes(200, [("content-type", "text/plain")], b"hello")


application = Hello()
