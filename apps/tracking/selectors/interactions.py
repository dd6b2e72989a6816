"""Reading the history as columns, for training."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from psycopg import sql

from apps.tracking.contracts import EVENT_TYPES, Interactions
from apps.tracking.selectors.clocks import days_between

_NULL = b"\\N"
_SLICE = 20_000
_WIDTH = 6  # columns of the copy below
_ALWAYS = (datetime(1970, 1, 3, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))
_TYPE_CODES = {name.encode(): code for code, name in enumerate(EVENT_TYPES)}

# As the features order events of one time, which know no more than this of an event's id.
_MARK = sql.SQL("substr(uuid_send(event_id), 9)")
_INTERACTIONS = """
COPY (
    SELECT extract(epoch FROM time), shopper_id, session_id, item_id, type, encode({mark}, 'hex') FROM tracking_event
    WHERE site_id = {} AND day BETWEEN {} AND {} AND time >= {} AND time < {} AND type = ANY({}) AND item_id IS NOT NULL
        AND (type <> 'rate' OR rating IS NULL OR rating > coalesce({}::float8, '-infinity'))
    ORDER BY time, {mark}
) TO STDOUT
"""


class _Coder:
    """Gives running numbers to values in order of first sight; the NULL of COPY is -1."""

    def __init__(self) -> None:
        self._codes: dict[bytes, int] = {_NULL: -1}

    def code(self, values: Sequence[bytes]) -> np.ndarray:
        """Return the number of each value."""
        codes = self._codes
        for value in dict.fromkeys(values):
            if value not in codes:
                codes[value] = len(codes) - 1
        return np.fromiter(map(codes.__getitem__, values), dtype=np.int32, count=len(values))

    def values(self) -> list[str]:
        """Return the values by number, without the escapes of COPY."""
        return [value.replace(b"\\\\", b"\\").decode() for value, code in self._codes.items() if code >= 0]


def load_interactions(
    *,
    site_id: str,
    since: datetime | None,
    until: datetime | None,
    types: Sequence[str],
    poor_rating: float | None = None,
) -> Interactions:
    """Return the item events of the site with `since <= time < until` as columns, ordered by time and mark.

    Events of type "rate" with a rating up to `poor_rating` are left out.
    """
    start, end = since or _ALWAYS[0], until or _ALWAYS[1]
    days = days_between(start, end)
    shoppers, sessions, items = _Coder(), _Coder(), _Coder()
    slices = chain([b""], _copied([site_id, *days, start, end, list(types), poor_rating]))
    parts = [_columns(text, shoppers, sessions, items) for text in slices]
    shopper, session, item, kind, time, mark = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Interactions(
        shopper_ids=[UUID(text) for text in shoppers.values()],
        shopper=shopper,
        session=session,
        item_ids=items.values(),
        item=item,
        type=kind,
        time=time,
        mark=mark,
    )


def _columns(text: bytes, shoppers: _Coder, sessions: _Coder, items: _Coder) -> tuple[np.ndarray, ...]:
    # One split for all rows and columns: within values, COPY writes tabs and line ends as escapes.
    cells = text.replace(b"\n", b"\t").split(b"\t")[:-1]
    time, who, visit, what, kind, marks = (cells[column::_WIDTH] for column in range(_WIDTH))
    visits = [_NULL if name == _NULL else one + b"\t" + name for one, name in zip(who, visit, strict=True)]
    return (
        shoppers.code(who),
        sessions.code(visits),
        items.code(what),
        np.fromiter(map(_TYPE_CODES.__getitem__, kind), dtype=np.int8, count=len(kind)),
        np.fromiter(map(float, time), dtype=np.float64, count=len(time)),
        np.frombuffer(bytes.fromhex(b"".join(marks).decode()), dtype=">u8").astype(np.uint64),
    )


def _copied(parameters: list[Any]) -> Iterator[bytes]:
    """Yield the text of the copy in slices of whole rows."""
    # Django's cursor takes no parameters for a copy.
    statement = sql.SQL(_INTERACTIONS).format(*map(sql.Literal, parameters), mark=_MARK)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        blocks = iter(copy)
        while part := b"".join(islice(blocks, _SLICE)):
            yield part
