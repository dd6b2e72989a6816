"""Popularity: how often items were chosen, what is longer ago counting less; of a site, or of each market of it."""

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.sequences import Sequences

DAY = 86_400.0


def fit_popularity(
    item: NDArray[np.int32],
    weight: NDArray[np.float64],
    time: NDArray[np.float64],
    n_items: int,
    *,
    half_life_days: float,
) -> NDArray[np.float32]:
    """Return a value between 0 and 1 per item: the log of its decayed weight, relative to the most popular.

    The age of an event is counted from the newest one, so a quiet week does not make everything less popular.
    """
    if len(item) == 0:
        return np.zeros(n_items, dtype=np.float32)
    counts = np.bincount(item, weights=_faded(weight, time, half_life_days), minlength=n_items)
    return _relative(counts.astype(np.float64))


def fit_popularity_by_market(
    events: Sequences,
    market: NDArray[np.int32],
    n_markets: int,
    n_items: int,
    *,
    half_life_days: float,
    strength: float = 20.0,
) -> NDArray[np.float32]:
    """Return the same for each market, float32 [n_markets, n_items], where `market` (int32 [events]) names it.

    A market's counts are drawn towards the shares of all markets together, as if `strength` average events had been
    seen there before: so a small or new market starts with what is popular everywhere (Dirichlet prior).
    """
    if len(events.item) == 0 or n_items == 0:
        return np.zeros((n_markets, n_items), dtype=np.float32)
    place = market.astype(np.int64) * n_items + events.item
    faded = _faded(events.weight, events.time, half_life_days)
    counts = np.bincount(place, weights=faded, minlength=n_markets * n_items).reshape(n_markets, n_items)
    everywhere = counts.sum(axis=0)
    total = everywhere.sum()
    drawn = counts + (strength * everywhere / total if total > 0 else 0.0)
    return np.stack([_relative(row) for row in drawn]) if n_markets else np.zeros((0, n_items), dtype=np.float32)


def _faded(weight: NDArray[np.float64], time: NDArray[np.float64], half_life_days: float) -> NDArray[np.float64]:
    return np.asarray(weight * 0.5 ** ((time.max() - time) / DAY / half_life_days))


def _relative(counts: NDArray[np.float64]) -> NDArray[np.float32]:
    most = counts.max(initial=0.0)
    if most <= 0:
        return np.zeros(len(counts), dtype=np.float32)
    return np.asarray(np.log1p(counts) / np.log1p(most), dtype=np.float32)
