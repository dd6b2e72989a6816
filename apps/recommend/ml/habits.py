"""What a shop's customers usually do, as arrays: what is bought together, again, more than usual, where, and of what.

All of it is counted, and none of it is about one person.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from apps.recommend.ml.baskets import Baskets, ComplementParams, fit_complements, to_baskets
from apps.recommend.ml.itemknn import ItemKnnParams, fit_itemknn
from apps.recommend.ml.neighbours import Neighbours
from apps.recommend.ml.popularity import DAY
from apps.recommend.ml.repeats import Purchases, RepeatModel, RepeatParams, fit_repeats
from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.tables import Lists, Rows, Weights, make_lists, no_lists, read_only
from apps.recommend.ml.trending import TrendParams, fit_trending

MOST_LISTED = 200  # of a store, of a category
BOUGHT = ItemKnnParams(shrinkage=3.0, column_exponent=0.6, shopper_exponent=0.5, max_items=100, top_k=50)
HALF_LIFE_DAYS = 30.0
_PRIOR = 5.0  # purchases of the whole market that stand beside those of a store
_NEVER_SOLD = 1e-3  # of being looked at, where something was never sold


@dataclass(frozen=True, slots=True)
class Sold:
    """Purchases that hold, ordered by time. shopper, store: int32 [m], -1 where unknown; basket, item: int32 [m]

    time: float64 [m], seconds
    """

    shopper: Rows
    basket: Rows
    item: Rows
    store: Rows
    time: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Assortment:
    """What is known of the items. item_type: int32 [n]; health: bool [n], an interest in it says something of health

    category_indptr, category_indices: int32, CSR of rows to `n_categories`
    """

    item_type: Rows
    health: NDArray[np.bool_]
    category_indptr: Rows
    category_indices: Rows
    n_categories: int


@dataclass(frozen=True, slots=True)
class Habits:
    """Arrays by row of the model, and lists of its rows.

    complements, bought: by item, what is bought with it, and by who bought it; best first
    trend: float32 [n], logarithm of how many times its usual share an item has now; sold: float32 [n], 0 to 1
    of_stores, of_categories: bestsellers of each, best first; store_ids, category_ids: what the lists stand for
    repeats: who buys what again, and when
    of_words: by word, the items that it describes, best first; words: ascending
    """

    complements: Lists
    bought: Lists
    trend: Weights
    sold: Weights
    of_stores: Lists
    of_categories: Lists
    repeats: RepeatModel
    of_words: Lists
    store_ids: Sequence[str] = ()
    category_ids: Sequence[str] = ()
    words: Sequence[str] = field(default=())


def fit_habits(
    sold: Sold,
    everyone: Sequences,
    assortment: Assortment,
    *,
    n_stores: int,
    content: Neighbours | None = None,
    seen: sparse.csr_array | None = None,
) -> Habits:
    """Return the habits; words and the names of stores and categories are for the caller to add.

    everyone: events of all kinds, for what is looked at; content: likeness, seen: items by session, for substitutes
    """
    size = len(assortment.item_type)
    baskets = _baskets(sold, size)
    params = ComplementParams(min_together=2, shrinkage=2.0)
    complements = fit_complements(baskets, params, content=content, seen=seen)
    chosen = weigh_sold(sold, everyone, size)
    return Habits(
        complements=make_lists(*complements),
        bought=make_lists(*_without_crossing(fit_itemknn(_choices(sold, size), BOUGHT), assortment.health)),
        trend=read_only(fit_trending(everyone, size, TrendParams())),
        sold=read_only(chosen),
        of_stores=list_by_store(sold, chosen, n_stores),
        of_categories=list_by_category(assortment, chosen),
        repeats=fit_repeats(_known(sold), size, RepeatParams(), item_type=assortment.item_type),
        of_words=no_lists(0),
    )


def weigh_sold(sold: Sold, everyone: Sequences, size: int) -> Weights:
    """Return how much each item sells, float32 [n], 0 to 1: purchases that fade, by half in 30 days.

    What was never sold follows by how much it is looked at, far below.
    """
    counts = np.bincount(sold.item, weights=_faded(sold.time), minlength=size)
    looks = np.bincount(everyone.item, weights=everyone.weight * _faded(everyone.time), minlength=size)
    total = np.log1p(counts) + _NEVER_SOLD * looks / max(float(looks.max(initial=0.0)), 1e-12)
    most = float(total.max(initial=0.0))
    return np.asarray(total / most if most > 0 else total, dtype=np.float32)


def list_by_store(sold: Sold, chosen: Weights, n_stores: int) -> Lists:
    """Return what sells in each store: its own purchases, as if five of the market's had been made there beside.

    Only what was sold in the store is in its list.
    """
    there = sold.store >= 0
    place = sold.store[there].astype(np.int64) * max(len(chosen), 1) + sold.item[there]
    cells, back = np.unique(place, return_inverse=True)
    counts = np.bincount(back, weights=_faded(sold.time)[there], minlength=len(cells))
    store, item = cells // max(len(chosen), 1), cells % max(len(chosen), 1)
    share = chosen / max(float(chosen.sum()), 1e-12)
    return _listed(store, item, counts + _PRIOR * share[item], n_stores)


def list_by_category(assortment: Assortment, chosen: Weights) -> Lists:
    """Return what sells of each category."""
    rows = np.repeat(np.arange(len(chosen)), np.diff(assortment.category_indptr))
    return _listed(assortment.category_indices, rows, chosen[rows], assortment.n_categories)


def _listed(group: NDArray[np.integer], item: NDArray[np.integer], weight: np.ndarray, n_groups: int) -> Lists:
    kept = weight > 0
    group, item, weight = group[kept], item[kept], weight[kept]
    order = np.lexsort((item, -weight, group))
    group, item, weight = group[order], item[order], weight[order]
    counts = np.bincount(group, minlength=n_groups)
    rank = np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)
    best = rank < MOST_LISTED
    indptr = np.concatenate(([0], np.cumsum(np.minimum(counts, MOST_LISTED))))
    return make_lists(indptr, item[best], weight[best])


def _baskets(sold: Sold, size: int) -> Baskets:
    """Return the baskets, those of one shopper together, oldest first; nobody's are all of different shoppers."""
    nobody = np.int64(1 << 32) + sold.basket
    who = np.where(sold.shopper >= 0, sold.shopper.astype(np.int64), nobody)
    began = np.full(int(sold.basket.max(initial=-1)) + 1, np.inf)
    np.minimum.at(began, sold.basket, sold.time)
    order = np.lexsort((sold.basket, began[sold.basket], who))
    number = np.unique(who, return_inverse=True)[1].astype(np.int32)
    changed = np.diff(sold.basket[order], prepend=-1) != 0
    running = (np.cumsum(changed) - 1).astype(np.int32)
    return to_baskets(running, sold.item[order], number[order], size)


def _choices(sold: Sold, size: int) -> sparse.csr_array:
    """Return what each shopper bought, float64 [shoppers, n]; who bought much counts less."""
    known = sold.shopper >= 0
    pairs = np.unique(np.stack([sold.shopper[known], sold.item[known]]), axis=1)
    shopper, item = pairs if pairs.size else (np.empty(0, np.int32), np.empty(0, np.int32))
    busy = np.bincount(shopper) if len(shopper) else np.empty(0)
    weight = busy[shopper].astype(np.float64) ** (-0.5 * BOUGHT.shopper_exponent) if len(shopper) else np.empty(0)
    return sparse.coo_array((weight, (shopper, item)), shape=(len(busy), size)).tocsr()


def _without_crossing(lists: Neighbours, health: NDArray[np.bool_]) -> Neighbours:
    """Return the lists without what leads from goods of everyday to those that say something of health."""
    row = np.repeat(np.arange(len(health)), np.diff(lists.indptr))
    kept = health[row] | ~health[lists.indices]
    counts = np.bincount(row[kept], minlength=len(health))
    indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    return Neighbours(indptr, lists.indices[kept], lists.weights[kept])


def _known(sold: Sold) -> Purchases:
    known = sold.shopper >= 0
    return Purchases(sold.shopper[known], sold.item[known], sold.time[known])


def _faded(time: NDArray[np.float64]) -> NDArray[np.float64]:
    newest = float(time.max()) if len(time) else 0.0
    return np.asarray(0.5 ** ((newest - time) / DAY / HALF_LIFE_DAYS))
