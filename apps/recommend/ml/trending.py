"""Trending: what is chosen more often now than it used to be, whatever the site as a whole does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.popularity import DAY
from apps.recommend.ml.sequences import Sequences


@dataclass(frozen=True, slots=True)
class TrendParams:
    """now_half_life_days, usual_half_life_days: how fast the past fades from what is now and from what is usual
    strength: events added to both sides, so that a handful is no trend
    """

    now_half_life_days: float = 2.0
    usual_half_life_days: float = 30.0
    strength: float = 10.0


def fit_trending(events: Sequences, n_items: int, params: TrendParams) -> NDArray[np.float32]:
    """Return float32 [n_items]: the logarithm of how many times its usual share an item now has; 0 is as usual.

    log((now + s) / (usual + s)): `now` is the item's weight with the short half-life, `usual` that with the long one,
    scaled so that both sum to the same; ages count from the newest event. What nobody chose is 0.
    """
    market = np.zeros(len(events.item), dtype=np.int32)
    return fit_trending_by_market(events, market, 1, n_items, params).ravel()


def fit_trending_by_market(
    events: Sequences, market: NDArray[np.int32], n_markets: int, n_items: int, params: TrendParams
) -> NDArray[np.float32]:
    """Return the same for each market, float32 [n_markets, n_items]; each is compared with its own past alone."""
    if len(events.item) == 0 or n_items == 0:
        return np.zeros((n_markets, n_items), dtype=np.float32)
    age = (events.time.max() - events.time) / DAY
    place = market.astype(np.int64) * n_items + events.item
    now, usual = (
        np.bincount(place, events.weight * 0.5 ** (age / half_life), minlength=n_markets * n_items).reshape(
            n_markets, n_items
        )
        for half_life in (params.now_half_life_days, params.usual_half_life_days)
    )
    total = usual.sum(axis=1, keepdims=True)
    scale = np.divide(now.sum(axis=1, keepdims=True), total, out=np.zeros_like(total), where=total > 0)
    usual = usual * scale
    return np.asarray(np.log((now + params.strength) / (usual + params.strength)), dtype=np.float32)
