"""An event in the address of a picture, for places without JavaScript."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from apps.tracking.contracts import EventContext
from specrec.kernel import ids

_CONTEXT = frozenset(EventContext.__struct_fields__)
_WHOLE = frozenset({"quantity", "position"})
_FLAGS = {"true": True, "false": False}
_MAX_DIGITS = 9


def make_event(*, parameters: Mapping[str, str], now: datetime) -> msgspec.Raw:
    """Return the event that the parameters of a picture tell, not yet checked; id and time are made where absent.

    Without an id of its own a picture that is loaded twice counts twice.
    """
    event: dict[str, Any] = {"id": str(ids.new_id()), "time": now.isoformat()}
    context: dict[str, Any] = {}
    for name, text in parameters.items():
        if name != "key":
            (context if name in _CONTEXT else event)[name] = _value(name, text)
    return msgspec.Raw(msgspec.json.encode(event | ({"context": context} if context else {})))


def origin_of(*, page: str | None) -> str | None:
    """Return the origin of the page that shows the picture; None where the browser does not say."""
    if not page:
        return None
    try:
        parts = urlsplit(page)
    except ValueError:
        return "null"  # as browsers call an origin that they do not tell; no key allows it by name
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else "null"


def _value(name: str, text: str) -> Any:
    """Return the text as what the field wants; what cannot be is left as it is, and named by the steps."""
    if name == "consent":
        return [word for word in text.split(",") if word]
    if name in _WHOLE and text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS:
        return int(text)
    if name == "rating":
        try:
            return float(text)
        except ValueError:
            return text
    return _FLAGS.get(text, text) if name in {"historical", "replay"} else text
