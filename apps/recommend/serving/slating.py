"""What a slate is chosen by, beside scores: the limits of rules and placement, likeness, and places given to trying."""

import hashlib
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


def limits_of(draft: Draft) -> Limits:
    """Return what the slate should keep to: the rules by importance, then what the placement asks of brands."""
    told = [(_KINDS[limit.kind], limit.codes, limit.count, limit.share) for limit in draft.plan.limits]
    most = draft.placement.max_per_brand
    if most:
        told.append((MOST, draft.ready.groups_by("brand"), most, 0.0))
    if not told:
        return NO_LIMITS
    kinds, codes, counts, shares = zip(*told, strict=True)
    return Limits(
        kinds=np.array(kinds, dtype=np.int8),
        groups=np.stack([one[draft.rows] for one in codes]).astype(np.int32, copy=False),
        counts=np.array(counts, dtype=np.int32),
        shares=np.array(shares, dtype=np.float64),
    )


def likeness_of(draft: Draft) -> Likeness:
    """Return how alike the candidates are, by brand, kind and style, as the placement weighs it."""
    share = draft.placement.diversity
    if not share:
        return NOT_ALIKE
    groups = [draft.ready.groups_by(name)[draft.rows] for name in conf.ALIKE_BY]
    return Likeness(
        groups=np.stack(groups).astype(np.int32, copy=False),
        weights=np.array(list(conf.ALIKE_BY.values()), dtype=np.float64),
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
