"""JSON in and out, by type: bytes become plain data that is right, or one `Invalid` that names field and reason."""

import re
from typing import Annotated, Any, TypeVar

import msgspec

from specrec.kernel.errors import Invalid, TooLarge

T = TypeVar("T")

_ID = r"\A[^\x00-\x20\x7f]+\Z"
_LINE = r"\A[^\x00-\x1f\x7f]*\Z"
_TEXT = r"\A[^\x00]*\Z"
_URL = r"\A(https?://|/)[^\x00-\x20]*\Z"
_CURRENCY = r"\A[A-Z]{3}\Z"
_LOCALE = r"\A[a-z]{2,3}(-[A-Z]{2})?\Z"
# What each pattern asks for, in words: nobody mends a document by reading our regular expressions.
_MEANING = {
    _ID: "Expected an identifier without spaces and control characters",
    _LINE: "Expected one line of text without control characters",
    _TEXT: "Expected text without NUL characters",
    _URL: "Expected an address that starts with http://, https:// or /, without spaces",
    _CURRENCY: "Expected a currency code of three capital letters such as GBP",
    _LOCALE: "Expected a locale such as en or en-GB",
}

# Identifiers come from outside: printable, short, and without the NUL that PostgreSQL cannot store.
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=_ID)]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=_LINE)]
Line = Annotated[str, msgspec.Meta(max_length=500, pattern=_LINE)]
Text = Annotated[str, msgspec.Meta(max_length=20_000, pattern=_TEXT)]
Url = Annotated[str, msgspec.Meta(max_length=2_000, pattern=_URL)]
Currency = Annotated[str, msgspec.Meta(pattern=_CURRENCY)]
Locale = Annotated[str, msgspec.Meta(pattern=_LOCALE)]

_ENCODER = msgspec.json.Encoder(decimal_format="string")
_WORDS = {f"Expected `str` matching regex {pattern!r}": words for pattern, words in _MEANING.items()}
# Sentences of msgspec repeat what the client wrote (names of fields, values), so each is matched from end to end.
_AT = re.compile(r" - at (?:`key` in )?`\$(?P<path>[^`]*)`\Z")  # a bad key of a dictionary is told at the dictionary
_MISSING = re.compile(r"\AObject missing required field `(?P<name>[^`]+)`\Z")
_UNKNOWN = re.compile(r"\AObject contains unknown field `(?P<name>.*)`\Z", re.DOTALL)
_UNKNOWN_STARTS = "Object contains unknown field `"
_MAX_REASON = 300
_MAX_FIELD = 200


def encode(value: Any) -> bytes:
    """Return the value as JSON; structs, UUIDs, times (RFC 3339) and decimals (strings) are known."""
    return _ENCODER.encode(value)


def decode(body: bytes, kind: type[T], *, max_bytes: int = 1_048_576, at: str = "") -> T:
    """Return the body as `kind`; raises Invalid (code, field, reason) or TooLarge. `at` prefixes the field path."""
    if len(body) > max_bytes:
        message = f"The body has {len(body):,} bytes; at most {max_bytes:,} are accepted. Send it in smaller parts."
        raise TooLarge(message, code="too_large", max_bytes=max_bytes)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise invalid_from(error, at=at) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"Not valid JSON: {error}.", code="malformed_json", field=at or None) from error


def convert(value: Any, kind: type[T], *, at: str = "", strict: bool = True) -> T:
    """Return plain data (for example GraphQL arguments) as `kind`, checked by the same rules as a body."""
    try:
        return msgspec.convert(value, type=kind, strict=strict)
    except msgspec.ValidationError as error:
        raise invalid_from(error, at=at) from error


def invalid_from(error: msgspec.ValidationError, *, at: str = "") -> Invalid:
    """Return the validation error as Invalid: a code by kind of fault, the field as a path such as `events[3].time`."""
    text = str(error)
    found = _AT.search(text)
    if found and text.startswith(_UNKNOWN_STARTS) and not _UNKNOWN.match(text[: found.start()]):
        found = None  # the name itself looks like a path
    path = found["path"].removeprefix(".") if found else ""
    sentence = text[: found.start()] if found else text
    code = "invalid_value"
    for pattern, name in ((_MISSING, "missing_field"), (_UNKNOWN, "unknown_field")):
        if match := pattern.match(sentence):
            code, path = name, f"{path}.{match['name']}" if path else match["name"]
    if sentence.startswith("Expected `") and "got `" in sentence:
        code = "invalid_type"
    field = ".".join(part for part in (at, path) if part).replace(".[", "[")
    reason = _WORDS.get(sentence, sentence)
    return Invalid(f"{_shortened(reason, _MAX_REASON)}.", code=code, field=_shortened(field, _MAX_FIELD) or None)


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"
