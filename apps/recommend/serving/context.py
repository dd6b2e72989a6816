"""Step 1: who asks, about what, and what may be known of them.

Consent filters the inputs: without `history_personalisation` the stored history is not even read. What the caller sends
as `history` is the caller's own knowledge for this one answer; it is used (unless `profile` is "none") and never kept.
Failure policy: Redis away means no stored history; nobody waits for it twice within a second.
"""

import logging

import numpy as np
import redis

from apps.profiles import api as profiles
from apps.profiles.contracts import Shopper, ShopperRef
from apps.recommend import conf
from apps.recommend.features.definitions import NO_HISTORY, History, read_state
from apps.recommend.features.extract import merge_states
from apps.recommend.features.redis_store import RedisStore
from apps.recommend.serving.breaker import Breaker
from apps.recommend.serving.state import Draft
from specrec.kernel.errors import Invalid
from specrec.kernel.redis import client

logger = logging.getLogger(__name__)

PURPOSE = "history_personalisation"
_breaker = Breaker(seconds=conf.BREAK_SECONDS)


def put_context(draft: Draft) -> None:
    """Put the items of the page and what may be known of the shopper; raises Invalid for an unknown item."""
    row_of = draft.ready.shelf.columns.row_of
    draft.context_rows = _context_rows(draft.request.item_ids, row_of)
    if draft.request.profile == "none":
        return
    shopper = _find_shopper(draft)
    if shopper is not None and PURPOSE in shopper.purposes:
        draft.shopper_id = shopper.shopper_id
        draft.stored = _stored_history(draft.site_id, shopper, now=draft.now.timestamp())
    known = dict.fromkeys(reversed(draft.request.history))  # newest first, each once, as it must be cut at the old end
    known.update(dict.fromkeys(reversed(draft.stored.item_ids)))
    rows = [row_of[item] for item in known if item in row_of][: conf.HISTORY_USED]
    draft.history_rows = np.array(rows[::-1], dtype=np.int32)


def _context_rows(item_ids: list[str], row_of: dict[str, int]) -> np.ndarray:
    rows = []
    for index, item_id in enumerate(item_ids):
        row = row_of.get(item_id)
        if row is None:
            message = f"This site has no item {item_id!r}."
            raise Invalid(message, code="unknown_item", field=f"item_ids[{index}]")
        rows.append(row)
    return np.array(rows, dtype=np.int32)


def _find_shopper(draft: Draft) -> Shopper | None:
    named = draft.request.shopper
    if named.anonymous_id is None and named.customer_id is None:
        return None
    ref = ShopperRef(anonymous_id=named.anonymous_id, customer_id=named.customer_id)
    return profiles.get_shopper(site_id=draft.site_id, ref=ref)


def _stored_history(site_id: str, shopper: Shopper, *, now: float) -> History:
    if _breaker.is_open():
        return NO_HISTORY
    ids = (shopper.shopper_id, *shopper.alias_ids)
    try:
        states = RedisStore(client()).read([(site_id, shopper_id) for shopper_id in ids])
    except redis.RedisError as error:
        _breaker.trip()
        logger.warning("no stored history, Redis unavailable: %s", type(error).__name__)
        return NO_HISTORY
    return read_state(merge_states(states), now=now)
