"""Pages by cursor, in the order of natural ids: they stay good when rows come and go."""

from typing import Any

from django.db.models import QuerySet

from specrec.kernel.errors import Invalid
from specrec.kernel.paging import checked_limit, from_cursor, to_cursor


def page_of(rows: QuerySet[Any], key: str, cursor: str | None, limit: int | None) -> tuple[list[Any], str | None]:
    """Return the rows of a page and the cursor to the next one; raises Invalid for a bad cursor or limit."""
    size = checked_limit(limit)
    keys = from_cursor(cursor)
    if keys is not None:
        rows = rows.filter(**{f"{key}__gt": _checked_key(keys)})
    found = list(rows[: size + 1])
    following = to_cursor(getattr(found[size - 1], key)) if len(found) > size else None
    return found[:size], following


def _checked_key(keys: list[Any]) -> str:
    if len(keys) == 1 and isinstance(keys[0], str) and "\x00" not in keys[0]:
        return keys[0]
    message = "The cursor is not one that this list gave out. Leave it away to start again."
    raise Invalid(message, code="bad_cursor", field="cursor")
