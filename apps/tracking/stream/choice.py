"""Which twin of the stream this installation uses: an explicit dictionary, chosen by the setting STREAM."""

from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from apps.tracking.stream.base import Stream
from apps.tracking.stream.kafka import make_from_settings
from apps.tracking.stream.memory import MemoryStream
from apps.tracking.stream.postgres import PostgresStream

TWINS: dict[str, Callable[[], Stream]] = {
    "postgres": PostgresStream,
    "kafka": make_from_settings,
    "memory": MemoryStream,
}


@cache
def _make(name: str) -> Stream:
    if name not in settings.STREAMS:  # also where no system check was run, as in the web: 202 is a promise
        message = f"SPECREC_STREAM is {name!r}; choose from {', '.join(settings.STREAMS)}."
        raise ImproperlyConfigured(message)
    return TWINS[name]()


def get_stream() -> Stream:
    """Return the one stream of this process; raises ImproperlyConfigured for one that may not be used here."""
    return _make(settings.STREAM)
