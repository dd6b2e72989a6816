"""Reading what was bought as columns, for training: by whom, together with what, and in which store."""

from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection

from apps.tracking.contracts import PurchaseColumns
from apps.tracking.selectors.clocks import days_between

# A purchase that was returned is taken out by the return: the latest before it of the same shopper and item.
_PURCHASES = """
    SELECT extract(epoch FROM time)::float8, shopper_id, coalesce('o' || order_id, 's' || session_id, 'e' || event_id),
           item_id, store_id, type = 'return'
    FROM tracking_event
    WHERE site_id = %s AND day BETWEEN %s AND %s AND time >= %s AND time < %s
        AND type IN ('purchase', 'return') AND item_id IS NOT NULL
    ORDER BY time, event_id
"""


class _Codes:
    """Gives running numbers to values in the order of first sight; None is -1."""

    def __init__(self) -> None:
        self.known: dict[Any, int] = {None: -1}

    def of(self, value: Any) -> int:
        return self.known.setdefault(value, len(self.known) - 1)

    def values(self) -> list[Any]:
        return [value for value in self.known if value is not None]


def load_purchases(*, site_id: str, since: datetime, until: datetime) -> PurchaseColumns:
    """Return purchases and returns of the site with `since <= time < until`, ordered by time."""
    shoppers, baskets, items, stores = _Codes(), _Codes(), _Codes(), _Codes()
    with connection.cursor() as cursor:
        cursor.execute(_PURCHASES, [site_id, *days_between(since, until), since, until])
        rows = cursor.fetchall()
    found: dict[str, list[Any]] = {"time": [], "shopper": [], "basket": [], "item": [], "store": [], "returned": []}
    for time, shopper, basket, item, store, returned in rows:
        found["time"].append(time)
        found["shopper"].append(shoppers.of(shopper))
        found["basket"].append(baskets.of((shopper, basket)))
        found["item"].append(items.of(item))
        found["store"].append(stores.of(store))
        found["returned"].append(returned)
    named: list[UUID] = shoppers.values()
    return PurchaseColumns(
        shopper_ids=named,
        shopper=np.array(found["shopper"], dtype=np.int32),
        basket=np.array(found["basket"], dtype=np.int32),
        item_ids=items.values(),
        item=np.array(found["item"], dtype=np.int32),
        store_ids=stores.values(),
        store=np.array(found["store"], dtype=np.int32),
        returned=np.array(found["returned"], dtype=np.bool_),
        time=np.array(found["time"], dtype=np.float64),
    )
