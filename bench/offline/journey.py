"""A year of baskets, split by week: what each household put into its first basket after the split.

Right answers are those of the basket, apart: what the household had bought before (repeat, ranked among that) and what
it had not (new, ranked among everything else), and both together among everything. A new item that nobody bought
before the split is never found.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyarrow import parquet
from scipy import sparse

from apps.recommend.ml.setmetrics import Places, ndcg, recall
from specrec.datasets.base import single_file
from specrec.kernel.errors import Invalid

DEPTHS = (10, 20)
TASKS = ("repeat", "new", "all")
BLOCK = 256
_COLUMNS = ["household_id", "basket_id", "product_id", "week", "transaction_timestamp"]


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of baskets by household, time, basket and item. All int32 [n] rows but time: float64 [n], seconds."""

    household: NDArray[np.int32]
    basket: NDArray[np.int32]
    item: NDArray[np.int32]
    week: NDArray[np.int32]
    time: NDArray[np.float64]
    n_households: int
    n_items: int
    kind: NDArray[np.int32]

    def take(self, chosen: NDArray[np.bool_]) -> "Lines":
        """Return some of the lines."""
        return replace(
            self,
            household=self.household[chosen],
            basket=self.basket[chosen],
            item=self.item[chosen],
            week=self.week[chosen],
            time=self.time[chosen],
        )


@dataclass(frozen=True, slots=True)
class Split:
    """Lines before the split, and the question of each household that goes on: when, and what it bought then.

    counts: how often each household bought each item before, float32 [households, items]
    household: int32 [q]; now: float64 [q]; right answers of q: items[indptr[q] : indptr[q + 1]]
    """

    before: Lines
    counts: sparse.csr_matrix
    household: NDArray[np.int32]
    now: NDArray[np.float64]
    indptr: NDArray[np.int64]
    items: NDArray[np.int32]


# Places of questions, int64 [b] -> scores, float32 [b, items]
BasketScorer = Callable[[NDArray[np.int64]], NDArray[np.float32]]
# What may be learned from, and a seed -> how it scores.
BasketFit = Callable[[Split, int], BasketScorer]


def read_lines_of(folder: Path) -> Lines:
    """Return all lines; raises Invalid where a file or a column is missing. `kind` is the product's category."""
    path = single_file(folder, "transactions.parquet")
    missing = set(_COLUMNS) - set(parquet.read_schema(path).names)
    if missing:
        message = f"{path.name} lacks the columns {', '.join(sorted(missing))}."
        raise Invalid(message, code="dataset_file", field="path")
    table = parquet.read_table(path, columns=_COLUMNS)
    household, basket, product, week, moment = (table[name].to_numpy() for name in _COLUMNS)
    households, house_row = np.unique(household, return_inverse=True)
    products, item_row = np.unique(product, return_inverse=True)
    basket_row = np.unique(basket, return_inverse=True)[1]
    time = moment.astype("datetime64[ms]").astype(np.int64) / 1_000
    order = np.lexsort((item_row, basket_row, time, house_row))
    return Lines(
        household=house_row[order].astype(np.int32),
        basket=basket_row[order].astype(np.int32),
        item=item_row[order].astype(np.int32),
        week=week[order].astype(np.int32),
        time=time[order],
        n_households=len(households),
        n_items=len(products),
        kind=_kinds(folder, products),
    )


def _kinds(folder: Path, products: NDArray[np.int64]) -> NDArray[np.int32]:
    table = parquet.read_table(single_file(folder, "products.parquet"), columns=["product_id", "product_category"])
    name_of = dict(zip(table["product_id"].to_pylist(), table["product_category"].to_pylist(), strict=True))
    names = np.array([name_of.get(product) or "" for product in products.tolist()])
    return np.unique(names, return_inverse=True)[1].astype(np.int32)


def split_at(lines: Lines, *, week: int, weeks: int) -> Split:
    """Return what lies before the week, and the first basket of each household in the weeks from there on."""
    before = lines.take(lines.week < week)
    after = lines.take((lines.week >= week) & (lines.week < week + weeks))
    counts = sparse.csr_matrix(
        (np.ones(len(before.item), dtype=np.float32), (before.household, before.item)),
        shape=(lines.n_households, lines.n_items),
    )
    known = np.diff(counts.indptr)[after.household] > 0
    _, first = np.unique(after.household, return_index=True)
    own = np.zeros(lines.n_households, dtype=np.int64)
    own[after.household[first]] = after.basket[first]
    chosen = after.take(known & (after.basket == own[after.household]))
    pairs, place = np.unique(chosen.household.astype(np.int64) * lines.n_items + chosen.item, return_index=True)
    household, item = pairs // lines.n_items, pairs % lines.n_items
    asked, start = np.unique(household, return_index=True)
    return Split(
        before=before,
        counts=counts,
        household=asked.astype(np.int32),
        now=chosen.time[place[start]],
        indptr=np.append(start, len(item)).astype(np.int64),
        items=item.astype(np.int32),
    )


def ask(scorer: BasketScorer, split: Split) -> dict[str, float]:
    """Return recall and NDCG at 10 and 20 of each task: means over households with something right in it."""
    found: dict[str, list[tuple[NDArray[np.int64], NDArray[np.int64]]]] = {task: [] for task in TASKS}
    right: dict[str, list[NDArray[np.int64]]] = {task: [] for task in TASKS}
    offered = np.asarray(split.counts.sum(axis=0)).ravel() > 0
    for start in range(0, len(split.household), BLOCK):
        numbers = np.arange(start, min(start + BLOCK, len(split.household)))
        scores = np.where(offered, scorer(numbers), np.float32(-np.inf)).astype(np.float32)
        bought = np.asarray(split.counts[split.household[numbers]].todense()) > 0
        for task, allowed in (("repeat", bought), ("new", ~bought), ("all", None)):
            count, *places = _places(scores, split, numbers, allowed)
            right[task].append(count)
            found[task].append((places[0], places[1]))
    figures: dict[str, float] = {}
    for task in TASKS:
        counts = np.concatenate(right[task])
        better, tied = (np.concatenate([pair[side] for pair in found[task]]) for side in (0, 1))
        places_of = Places(np.concatenate(([0], np.cumsum(counts[counts > 0]))), better, tied)
        for depth in DEPTHS:
            figures[f"{task} recall@{depth}"] = round(float(recall(places_of, depth).mean()), 5)
            figures[f"{task} ndcg@{depth}"] = round(float(ndcg(places_of, depth).mean()), 5)
    return figures


def _places(
    scores: NDArray[np.float32], split: Split, numbers: NDArray[np.int64], allowed: NDArray[np.bool_] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return how many right answers each question has in the task, and (better, tied) of each of them."""
    counts, better, tied = [], [], []
    for place, number in enumerate(numbers.tolist()):
        items = split.items[split.indptr[number] : split.indptr[number + 1]]
        items = items if allowed is None else items[allowed[place, items]]
        own, row = scores[place, items], scores[place]
        ascending = np.sort(row if allowed is None else row[allowed[place]])
        low, high = (ascending.searchsorted(own, side) for side in ("left", "right"))
        counts.append(len(items))
        better.append(np.where(np.isfinite(own), len(ascending) - high, -1))
        tied.append(np.where(np.isfinite(own), high - low - 1, 0))
    return np.array(counts, dtype=np.int64), np.concatenate(better), np.concatenate(tied)
