"""Step 1: who asks, about what, and what may be known of them.

Consent filters the inputs: without `history_personalisation` the stored history stays packed as it came. What the
caller sends as `history` is the caller's own knowledge for this one answer; it is used (unless `profile` is "none") and
never kept.
Failure policy: Redis away means no stored history; nobody waits for it twice within a second.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from uuid import UUID

import numpy as np
import redis

from apps.profiles import api as profiles
from apps.profiles.contracts import ShopperQuestion, ShopperRef
from apps.recommend import conf
from apps.recommend.features.extract import merge_states
from apps.recommend.features.history import read_state
from apps.recommend.features.redis_store import RedisStore, state_of
from apps.recommend.features.state import ShopperState
from apps.recommend.serving.breaker import REDIS, Broken
from apps.recommend.serving.state import Draft
from specrec.kernel.errors import Invalid
from specrec.kernel.redis import client

logger = logging.getLogger(__name__)

PURPOSE = "history_personalisation"


def put_context(draft: Draft) -> None:
    """Put the items of the page and what may be known of the shopper; raises Invalid for an unknown item.

    What another slot of the same page has found out already is taken from there.
    """
    draft.context_rows = _context_rows(draft.request.item_ids, draft.ready.shelf.columns.row_of)
    if draft.beside is not None:
        _copy(draft, draft.beside)
        return
    named = draft.request.shopper.customer_id is not None
    draft.audiences = frozenset((*draft.request.audiences, "customer" if named else "guest"))
    if draft.request.profile != "none":
        _put_shopper(draft)
        _put_history(draft)


def _copy(draft: Draft, beside: Draft) -> None:
    draft.shopper_id, draft.purposes, draft.stored = beside.shopper_id, beside.purposes, beside.stored
    draft.history_rows, draft.history_weights = beside.history_rows, beside.history_weights
    draft.audiences = beside.audiences


def _put_history(draft: Draft) -> None:
    row_of = draft.ready.shelf.columns.row_of
    if draft.shopper_id is not None:
        draft.audiences |= {"returning" if draft.stored.item_ids or draft.stored.bought else "new"}
    items: Sequence[str] = draft.stored.item_ids
    if draft.request.history:
        newest_first = dict.fromkeys((*reversed(draft.request.history), *reversed(items)))  # each once, at its latest
        items = list(reversed(newest_first))
    found = [(item, row) for item in items if (row := row_of.get(item)) is not None][-conf.HISTORY_USED :]
    draft.history_rows = np.array([row for _, row in found], dtype=np.int32)
    if draft.ready.weights is not None:
        draft.history_weights = _weights_of([item for item, _ in found], draft)


def _weights_of(items: Sequence[str], draft: Draft) -> np.ndarray:
    """Return how much each item says: the weight of its stored touches, and at least 1 where the caller names it."""
    named = frozenset(draft.request.history)
    stored = draft.stored.weights
    weights = [max(stored.get(item, 0.0), 1.0 if item in named else 0.0) for item in items]
    return np.array(weights, dtype=np.float32)


def _context_rows(item_ids: list[str], row_of: Mapping[str, int]) -> np.ndarray:
    rows = []
    for index, item_id in enumerate(item_ids):
        row = row_of.get(item_id)
        if row is None:
            message = f"This site has no item {item_id!r}."
            raise Invalid(message, code="unknown_item", field=f"item_ids[{index}]")
        rows.append(row)
    return np.array(rows, dtype=np.int32)


def _put_shopper(draft: Draft) -> None:
    """Put the shopper and the stored history, if there is consent to use it."""
    named = draft.request.shopper
    ref = ShopperRef(anonymous_id=named.anonymous_id, customer_id=named.customer_id)
    question = profiles.ask_shopper(site_id=draft.site_id, ref=ref)
    if question is None:
        return
    packed, found = _fetch(question)
    shopper = profiles.read_shopper(question=question, found=found)
    if PURPOSE not in shopper.purposes:
        return
    draft.purposes = shopper.purposes
    draft.shopper_id = shopper.shopper_id
    if shopper.alias_ids or shopper.shopper_id != question.shopper_id:
        states = _states_of(draft.site_id, (shopper.shopper_id, *shopper.alias_ids))
    else:
        states = [state_of(packed)]
    draft.stored = read_state(merge_states(states), now=draft.now.timestamp(), weights=draft.ready.weights)


def _fetch(question: ShopperQuestion) -> tuple[bytes | None, list[bytes | None] | None]:
    """Return the packed state and what is known of the shopper: one round trip, as most shoppers have one name."""
    store = _store_of(client())
    key = (question.site_id, question.shopper_id)
    try:
        with REDIS.watch():
            packed, (found,) = store.fetch(key, ("MGET", *question.keys), within=conf.REDIS_WITHIN_SECONDS)
    except Broken:
        return None, None
    except redis.RedisError as error:
        _note_away(error)
        return None, None
    return packed, found


@lru_cache(maxsize=1)
def _store_of(connected: redis.Redis) -> RedisStore:
    return RedisStore(connected)


def _states_of(site_id: str, shopper_ids: Sequence[UUID]) -> list[ShopperState]:
    try:
        with REDIS.watch():
            return _store_of(client()).read([(site_id, shopper_id) for shopper_id in shopper_ids])
    except Broken:
        return []
    except redis.RedisError as error:
        _note_away(error)
        return []


def _note_away(error: redis.RedisError) -> None:
    logger.warning("no stored history, Redis unavailable: %s", type(error).__name__)
