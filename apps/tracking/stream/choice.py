"""Which twin of the stream this installation uses: an explicit dictionary, chosen by the setting STREAM."""

from functools import cache

from django.conf import settings

from apps.tracking.stream.base import Stream
from apps.tracking.stream.memory import MemoryStream
from apps.tracking.stream.postgres import PostgresStream

TWINS: dict[str, type[MemoryStream] | type[PostgresStream]] = {"postgres": PostgresStream, "memory": MemoryStream}


@cache
def _make(name: str) -> Stream:
    return TWINS[name]()


def get_stream() -> Stream:
    """Return the one stream of this process; raises KeyError when the setting names no twin."""
    return _make(settings.STREAM)
