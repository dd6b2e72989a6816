"""Adapters of what is fitted on events: neighbour lists, values of items, repeat purchases, calibration."""

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.baskets import ComplementParams, fit_complements, to_baskets
from apps.recommend.ml.calibration import apply_curve, apply_sigmoid, fit_isotonic, fit_sigmoid
from apps.recommend.ml.content import fit_content
from apps.recommend.ml.covisitation import CovisitationParams, fit_covisitation
from apps.recommend.ml.itemknn import ItemKnnParams, fit_itemknn, to_choices
from apps.recommend.ml.neighbours import Neighbours
from apps.recommend.ml.pairtable import count
from apps.recommend.ml.popularity import DAY, fit_popularity, fit_popularity_by_market
from apps.recommend.ml.repeats import Purchases, RepeatParams, find_due, fit_repeats
from apps.recommend.ml.tokens import ContentParams, Described, fit_tokens
from apps.recommend.ml.trending import TrendParams, fit_trending, fit_trending_by_market
from tests.suites.algorithms.subjects import (
    UNSEEN,
    Algorithm,
    Arrays,
    Chains,
    list_maker,
    rater,
    to_counts,
    to_sequences,
)

EACH_OTHER = [[1], [0], [3], [2], []]


def covisitation(chains: Chains, n_items: int, _: int) -> Neighbours:
    return fit_covisitation(to_sequences(chains), n_items, CovisitationParams(top_k=3))


def content(chains: Chains, n_items: int, _: int) -> Neighbours:
    marks: list[list[str]] = [[] for _ in range(n_items)]
    for number, chain in enumerate(chains):
        for item in chain:
            marks[item].append(str(number))
    described = Described(["generic"] * n_items, [""] * n_items, [""] * n_items, [{"chain": mark} for mark in marks])
    return fit_content(fit_tokens(described, ContentParams(max_share=0.6))[1], ContentParams(top_k=3))


def itemknn(chains: Chains, n_items: int, _: int) -> Neighbours:
    params = ItemKnnParams(top_k=3)
    return fit_itemknn(to_choices(to_sequences(chains), n_items, params), params)


def complements(chains: Chains, n_items: int, _: int) -> Neighbours:
    events = to_sequences(chains)
    baskets = to_baskets(events.sequence, events.item, events.sequence, n_items)
    return fit_complements(baskets, ComplementParams(min_together=2, shrinkage=0.5, top_k=3))


def pairs(chains: Chains, n_items: int, _: int) -> Arrays:
    made = count(to_sequences(chains), n_items, CovisitationParams())
    return {"start": made.start, "length": made.length, "indices": made.indices, "counts": made.counts}


def told_pairs(arrays: Arrays) -> list[list[int]]:
    places = zip(arrays["start"].tolist(), arrays["length"].tolist(), strict=True)
    return [arrays["indices"][start : start + length].tolist() for start, length in places]


def popularity(chains: Chains, n_items: int) -> NDArray[np.float32]:
    events = to_sequences(chains)
    return fit_popularity(events.item, events.weight, events.time, n_items, half_life_days=30.0)


def popularity_by_market(chains: Chains, n_items: int) -> NDArray[np.float32]:
    events = to_sequences(chains)
    return fit_popularity_by_market(events, events.sequence % 2, 2, n_items, half_life_days=30.0)


def trending(chains: Chains, n_items: int) -> NDArray[np.float32]:
    return fit_trending(to_sequences(chains), n_items, TrendParams())


def trending_by_market(chains: Chains, n_items: int) -> NDArray[np.float32]:
    events = to_sequences(chains)
    return fit_trending_by_market(events, np.zeros_like(events.item), 2, n_items, TrendParams())


def repeats(chains: Chains, n_items: int, _: int) -> Arrays:
    """Every second chain is the same shopper's: the items of KNOWN's first are bought again by nobody."""
    events = to_sequences(chains)
    bought = Purchases(events.sequence // 2, events.item, events.time)
    model = fit_repeats(bought, n_items, RepeatParams())
    due = find_due(model, bought, now=float(events.time.max(initial=0.0) + DAY), horizon_days=7.0)
    return {**due._asdict(), "log_days": model.log_days, "again": model.again}


def isotonic(chains: Chains, n_items: int, _: int) -> Arrays:
    score = to_counts(chains, n_items)
    return {"chance": apply_curve(fit_isotonic(score, score > 0), score)}


def sigmoid(chains: Chains, n_items: int, _: int) -> Arrays:
    score = to_counts(chains, n_items)
    return {"chance": apply_sigmoid(fit_sigmoid(score, score > 0), score)}


_CURVE = {"chance": ("float32", ("items",))}
LIST_MAKERS = [
    list_maker("covisitation", covisitation, EACH_OTHER),
    list_maker("content", content, EACH_OTHER),
    list_maker("item-kNN", itemknn, EACH_OTHER),
    list_maker("complements", complements, EACH_OTHER),
]
FITTED = [
    *LIST_MAKERS,
    Algorithm(
        name="pair counts",
        run=pairs,
        arrays={
            "start": ("int64", ("items",)),
            "length": ("int32", ("items",)),
            "indices": ("int32", ("any",)),
            "counts": ("float32", ("any",)),
        },
        told=told_pairs,
        known=EACH_OTHER,
        unseen=lambda arrays: arrays["length"][UNSEEN] == 0 and UNSEEN not in arrays["indices"],
        of_nothing=[[], [], [], []],
    ),
    rater("popularity", popularity, [True] * 4 + [False]),
    rater("popularity by market", popularity_by_market, [True] * 4 + [False], markets=2),
    rater("trending", trending, [True, True, False, False, False]),
    rater("trending by market", trending_by_market, [True, True, False, False, False], markets=2),
    Algorithm(
        name="repeats",
        run=repeats,
        arrays={
            "shopper": ("int32", ("any",)),
            "item": ("int32", ("any",)),
            "chance": ("float32", ("any",)),
            "expected": ("float64", ("any",)),
            "log_days": ("float32", ("items",)),
            "again": ("float32", ("items", "12")),
        },
        told=lambda arrays: list(zip(arrays["shopper"].tolist(), sorted(arrays["item"].tolist()), strict=True)),
        known=[(0, 0), (0, 0), (0, 1), (0, 1), (1, 2), (1, 2), (1, 3), (1, 3)],
        unseen=lambda arrays: UNSEEN not in arrays["item"],
    ),
    Algorithm(
        name="isotonic",
        run=isotonic,
        arrays=_CURVE,
        told=lambda arrays: arrays["chance"].tolist(),
        known=[1.0, 1.0, 1.0, 1.0, 0.0],
        unseen=lambda arrays: arrays["chance"][UNSEEN] == 0.0,
        of_nothing=[0.0] * 4,
    ),
    Algorithm(
        name="sigmoid",
        run=sigmoid,
        arrays=_CURVE,
        # Platt's targets: 5 of 6 for the four hits, 1 of 3 for the one miss.
        told=lambda arrays: np.round(arrays["chance"], 4).tolist(),
        known=np.round(np.array([5 / 6] * 4 + [1 / 3], dtype=np.float32), 4).tolist(),
        unseen=lambda arrays: bool(arrays["chance"][UNSEEN] < arrays["chance"][0]),
        of_nothing=np.round(np.array([1 / 6] * 4, dtype=np.float32), 4).tolist(),
    ),
]
