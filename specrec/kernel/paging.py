"""Cursor pagination: a page of rows and an opaque cursor to the next one."""

import base64
import binascii
from typing import Any, Generic, TypeVar

import msgspec

from specrec.kernel.errors import Invalid

T = TypeVar("T")
MAX_PAGE = 500


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page; `next_cursor` is None on the last."""

    items: list[T]
    next_cursor: str | None = None


def to_cursor(*keys: Any) -> str:
    """Return an opaque cursor that stands after the row with these sort keys."""
    return base64.urlsafe_b64encode(msgspec.json.encode(keys)).decode().rstrip("=")


def from_cursor(cursor: str | None) -> list[Any] | None:
    """Return the sort keys of the cursor, None for no cursor; raises Invalid when it was not made by `to_cursor`."""
    if not cursor:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=list)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        message = "The cursor is not one that this list gave out. Leave it away to start again."
        raise Invalid(message, code="bad_cursor", field="cursor") from error


def checked_limit(limit: int | None, *, default: int = 50) -> int:
    """Return a page size between 1 and 500; raises Invalid outside."""
    if limit is None:
        return default
    if not 1 <= limit <= MAX_PAGE:
        raise Invalid(f"The limit must be between 1 and {MAX_PAGE}, got {limit}.", code="bad_limit", field="limit")
    return limit
