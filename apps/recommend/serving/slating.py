"""What a slate is chosen by, beside scores: the limits of rules and placement, likeness, and places given to trying."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from apps.recommend import conf
from apps.recommend.ml.slateparts import (
    LEAST_SHARE,
    MOST,
    MOST_SHARE,
    NO_LIMITS,
    NO_TRYING,
    NOT_ALIKE,
    SPACING,
    Likeness,
    Limits,
    Trying,
)
from apps.recommend.serving.state import Draft

_KINDS = {"most": MOST, "spacing": SPACING, "least_share": LEAST_SHARE, "most_share": MOST_SHARE}
_ALIKE_WEIGHTS = np.array(list(conf.ALIKE_BY.values()), dtype=np.float64)


def limits_of(draft: Draft) -> Limits:
    """Return what the slate should keep to: the rules by importance, then what the placement asks of brands."""
    held = draft.plan.limits
    told = [(limit.kind, limit.count, limit.share) for limit in held]
    codes = [limit.codes for limit in held]
    most = draft.placement.max_per_brand
    if most:
        told.append(("most", most, 0.0))
        codes.append(draft.ready.groups_by("brand"))
    if not told:
        return NO_LIMITS
    kinds, counts, shares = _arrays_of(tuple(told))
    return Limits(kinds=kinds, groups=_groups_of(codes, draft.rows), counts=counts, shares=shares)


@lru_cache(maxsize=512)
def _arrays_of(told: tuple[tuple[str, int, float], ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return kinds, counts and shares of limits; rules change seldom, and every slate asks."""
    kinds, counts, shares = zip(*told, strict=True)
    return (
        np.array([_KINDS[kind] for kind in kinds], dtype=np.int8),
        np.array(counts, dtype=np.int32),
        np.array(shares, dtype=np.float64),
    )


def _groups_of(codes: Sequence[np.ndarray], rows: np.ndarray) -> np.ndarray:
    """Return the groups of these rows, int32 [l, c], of groups by all rows (int32 [n] each)."""
    found = np.empty((len(codes), len(rows)), dtype=np.int32)
    at = rows.astype(np.intp)
    for place, one in enumerate(codes):
        one.take(at, out=found[place], mode="clip")  # every other mode writes to a copy first
    return found


def likeness_of(draft: Draft) -> Likeness:
    """Return how alike the candidates are, by brand, kind and style, as the placement weighs it."""
    share = draft.placement.diversity
    if not share:
        return NOT_ALIKE
    return Likeness(
        groups=_groups_of([draft.ready.groups_by(name) for name in conf.ALIKE_BY], draft.rows),
        weights=_ALIKE_WEIGHTS,
        share=share,
        dpp=draft.placement.diversity_method == "dpp",
    )


def trying_of(draft: Draft) -> Trying:
    """Return by what places are given to trying: the draws of this shopper and placement on this day (UTC)."""
    share = draft.placement.exploration
    if not share:
        return NO_TRYING
    seed = f"{draft.placement.placement}/{drawn_for(draft)}/{draft.now.date().isoformat()}"
    return Trying(share=share, weights=_weights_of(draft), draws=_draws(seed)[: len(draft.rows)])


def drawn_for(draft: Draft) -> str:
    """Return what stands for whoever asks in draws; it only tells lists apart, and nobody can be found by it."""
    if draft.drawn_for is None:
        named = draft.request.shopper
        who = f"{draft.site_id}/{named.customer_id or named.anonymous_id or ''}"
        draft.drawn_for = hashlib.blake2b(who.encode(), digest_size=8).hexdigest()
    return draft.drawn_for


def _weights_of(draft: Draft) -> np.ndarray:
    """Return how likely each candidate is to be the one that is tried, float64 [c]."""
    tries = draft.ready.tries
    if draft.placement.exploration_method != "thompson" or tries is None:
        return np.ones(len(draft.rows))
    item_ids = draft.ready.shelf.columns.item_ids
    return tries.chances([item_ids[row] for row in draft.rows.tolist()])


@lru_cache(maxsize=4_096)
def _draws(seed: str) -> np.ndarray:
    """Return as many pairs of numbers from 0 to 1 as a slate may have places, float64 [k, 2]: the same for a seed."""
    digest = hashlib.blake2b(seed.encode(), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(digest)).random((conf.MOST_PLACES, 2))
