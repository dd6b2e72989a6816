"""Every feature that there is. A feature that is not named here is neither computed, listed nor documented."""

from apps.recommend.features.define import Definition
from apps.recommend.features.known import (
    affinity,
    batch,
    counts,
    pairs,
    price,
    rates,
    recency,
    recent,
    sessions,
    trending,
)

DEFINITIONS: tuple[Definition, ...] = (
    *recent.DEFINED,
    *counts.DEFINED,
    *recency.DEFINED,
    *affinity.DEFINED,
    *price.DEFINED,
    *sessions.DEFINED,
    *rates.DEFINED,
    *trending.DEFINED,
    *pairs.DEFINED,
    *batch.DEFINED,
)
