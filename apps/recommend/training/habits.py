"""The habits of a site's customers for its model: what is bought together, again, where, and what describes what."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np
from scipy import sparse

from apps.profiles import api as profiles
from apps.recommend import conf
from apps.recommend.ml.habits import Assortment, Habits, Sold, fit_habits
from apps.recommend.ml.neighbours import Neighbours
from apps.recommend.ml.popularity import DAY
from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.tables import Lists
from apps.recommend.ml.undoing import find_undone
from apps.recommend.ml.wordlists import fit_words
from apps.recommend.registry.unpacked import LoadedModel
from apps.recommend.training.dataset import Happened, TrainingData
from apps.recommend.training.recipe import Recipe
from apps.recommend.training.recipes import Content
from apps.tracking import api as tracking
from apps.tracking.contracts import EVENT_TYPES, Interactions

_SESSIONS = 200_000  # of what is looked at together, the newest; they tell substitutes from complements


class Bought(NamedTuple):
    """Purchases on the rows of a model, and the stores that they name."""

    sold: Sold
    store_ids: list[str]


def load_bought(*, site_id: str, recipe: Recipe, row_of: Mapping[str, int], now: datetime) -> Bought:
    """Return the purchases of the recipe's window that hold; none from `now` on."""
    since = now - timedelta(days=recipe.window_days)
    columns, store_ids, store = tracking.load_purchases(site_id=site_id, since=since, until=now)
    sold = make_sold(columns, store, profiles.list_aliases(site_id=site_id), row_of)
    return Bought(sold, store_ids)


def make_sold(
    columns: Interactions, store: np.ndarray, aliases: Mapping[UUID, UUID], row_of: Mapping[str, int]
) -> Sold:
    """Return the purchases without what was returned, merged shoppers being one; pure."""
    number: dict[UUID, int] = {}
    merged = [number.setdefault(aliases.get(who, who), len(number)) for who in columns.shopper_ids]
    shopper = np.array([*merged, -1], dtype=np.int32)[columns.shopper]
    rows = np.array([*(row_of.get(item, -1) for item in columns.item_ids), -1], dtype=np.int32)[columns.item]
    returned = columns.type == EVENT_TYPES.index("return")
    pair = shopper.astype(np.int64) * max(len(columns.item_ids), 1) + columns.item
    step = np.where(shopper >= 0, np.where(returned, -1, 1), 0).astype(np.int8)
    holds = ~returned & ~find_undone(pair, step) & (rows >= 0)
    return Sold(shopper[holds], columns.session[holds], rows[holds], store[holds], columns.time[holds])


def make_habits(*, data: TrainingData, bought: Bought, content: Content) -> Habits:
    """Return the habits of a training, with words and names."""
    assortment = _assortment(data.item_types, data.categories.indptr, data.categories.indices, data.categories.ids)
    found = _fit(bought, data, assortment, content.neighbours)
    words, of_words = fit_words(content.tokens, content.vocabulary.tokens)
    return replace(found, category_ids=data.categories.ids, words=words, of_words=of_words)


def renew_habits(*, loaded: LoadedModel, item_types: Sequence[str], data: Happened, bought: Bought) -> Habits | None:
    """Return the habits of a refresh: words stay, and of each category the items that were listed, in today's order.

    None where the promoted version has none.
    """
    kept = loaded.habits
    if kept is None:
        return None
    of = kept.of_categories
    row = np.repeat(np.arange(len(kept.category_ids)), of.length)
    listed = sparse.coo_array((np.ones(len(row)), (of.indices, row)), shape=(len(loaded.item_ids), len(of.length)))
    by_item = listed.tocsr()
    assortment = _assortment(item_types, by_item.indptr, by_item.indices, kept.category_ids)
    found = _fit(bought, data, assortment, _alike(loaded.engine.tables.content))
    return replace(found, category_ids=kept.category_ids, words=kept.words, of_words=kept.of_words)


def _fit(bought: Bought, data: Happened, assortment: Assortment, content: Neighbours) -> Habits:
    found = fit_habits(
        bought.sold,
        data.all_events,
        assortment,
        n_stores=len(bought.store_ids),
        content=content,
        seen=_sessions(data.sequences, len(assortment.item_type)),
    )
    return replace(found, store_ids=bought.store_ids)


def _assortment(
    item_types: Sequence[str], indptr: np.ndarray, indices: np.ndarray, category_ids: Sequence[str]
) -> Assortment:
    kinds = {kind: code for code, kind in enumerate(dict.fromkeys(item_types))}
    return Assortment(
        item_type=np.array([kinds[kind] for kind in item_types], dtype=np.int32),
        health=np.array([kind in conf.HEALTH_ITEM_TYPES for kind in item_types], dtype=np.bool_),
        category_indptr=indptr,
        category_indices=indices,
        n_categories=len(category_ids),
    )


def _sessions(events: Sequences, n_items: int) -> sparse.csr_array:
    """Return what was looked at by one shopper on one day, the newest of it."""
    visit = events.sequence.astype(np.int64) * 100_000 + (events.time // DAY).astype(np.int64)
    newest = np.argsort(-events.time, kind="stable")
    _, first = np.unique(visit[newest], return_index=True)
    kept = visit[newest][np.sort(first)[:_SESSIONS]]
    chosen = np.isin(visit, kept)
    number = np.unique(visit[chosen], return_inverse=True)[1]
    shape = (int(number.max(initial=-1)) + 1, n_items)
    seen = sparse.coo_array((np.ones(len(number)), (number, events.item[chosen])), shape=shape).tocsr()
    seen.data[:] = 1.0
    return sparse.csr_array(seen)


def _alike(lists: Lists) -> Neighbours:
    indptr = np.concatenate(([0], np.cumsum(lists.length))).astype(np.int32)
    return Neighbours(indptr, lists.indices, lists.weights)
