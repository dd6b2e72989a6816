"""Reading what was bought as columns, for training: by whom, together with what, and in which store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from apps.tracking.contracts import EVENT_TYPES, Interactions
from apps.tracking.selectors.clocks import days_between

# A purchase that was returned is taken out by the return: the latest before it of the same shopper and item.
_PURCHASES = """
    SELECT extract(epoch FROM time)::float8, shopper_id, coalesce('o' || order_id, 's' || session_id, 'e' || event_id),
           item_id, store_id, type
    FROM tracking_event
    WHERE site_id = %s AND day BETWEEN %s AND %s AND time >= %s AND time < %s
        AND type IN ('purchase', 'return') AND item_id IS NOT NULL
    ORDER BY time, event_id
"""


class _Codes:
    """Gives running numbers to values in the order of first sight; None is -1."""

    def __init__(self) -> None:
        self._known: dict[Any, int] = {None: -1}

    def of_all(self, values: Sequence[Any]) -> NDArray[np.int32]:
        known = self._known
        return np.array([known.setdefault(value, len(known) - 1) for value in values], dtype=np.int32)

    def values(self, values: Sequence[Any]) -> list[Any]:
        self.of_all(values)
        return [value for value in self._known if value is not None]


def load_purchases(
    *, site_id: str, since: datetime, until: datetime
) -> tuple[Interactions, list[str], NDArray[np.int32]]:
    """Return purchases and returns with `since <= time < until`, ordered by time, with stores and who sold in which."""
    shoppers, baskets, items, stores = _Codes(), _Codes(), _Codes(), _Codes()
    with connection.cursor() as cursor:
        cursor.execute(_PURCHASES, [site_id, *days_between(since, until), since, until])
        rows = cursor.fetchall()
    named: list[UUID] = shoppers.values(_of(rows, 1))
    found = Interactions(
        shopper_ids=named,
        shopper=shoppers.of_all(_of(rows, 1)),
        session=baskets.of_all([(row[1], row[2]) for row in rows]),
        item_ids=items.values(_of(rows, 3)),
        item=items.of_all(_of(rows, 3)),
        type=np.array([EVENT_TYPES.index(kind) for kind in _of(rows, 5)], dtype=np.int8),
        time=np.array(_of(rows, 0), dtype=np.float64),
        mark=np.zeros(len(rows), dtype=np.uint64),
    )
    return found, stores.values(_of(rows, 4)), stores.of_all(_of(rows, 4))


def _of(rows: Sequence[tuple[Any, ...]], column: int) -> list[Any]:
    return [row[column] for row in rows]
