"""Popularity: how often items were chosen, what is longer ago counting less."""

import numpy as np
from numpy.typing import NDArray

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
    age_days = (time.max() - time) / DAY
    counts = np.bincount(item, weights=weight * 0.5 ** (age_days / half_life_days), minlength=n_items)
    most = counts.max()
    if most <= 0:
        return np.zeros(n_items, dtype=np.float32)
    return np.asarray(np.log1p(counts) / np.log1p(most), dtype=np.float32)
