"""Repeat purchases: who buys what again, how likely within a while, and when.

A mixture-cure model: after a purchase a shopper buys the item again with some chance, and then after an interval that
is log-normal about the shopper's own, the item's and the item type's typical one, each drawn towards the next. So
what was not bought again for long is ever less likely to be (the form is that of Farewell, 1982).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

DAY = 86_400.0
_LITTLE = 1e-9
_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class RepeatParams:
    """own_strength, item_strength, type_strength: intervals (or chances) that the wider one counts as
    min_interval_days: purchases of one item nearer than this are one purchase
    max_spread: of the logarithm of the intervals
    max_count: from so many purchases on, one more says nothing of the chance
    """

    own_strength: float = 4.0
    item_strength: float = 30.0
    type_strength: float = 20.0
    min_interval_days: float = 0.5
    min_spread: float = 0.2
    max_spread: float = 2.0
    max_count: int = 12


@dataclass(frozen=True, slots=True)
class RepeatModel:
    """What is usual. log_days: float32 [n_items], logarithm of the interval in days; spread: its deviation, one number

    again: float32 [n_items, max_count]: chance that it is bought again after so many purchases (the first column: one)
    """

    log_days: NDArray[np.float32]
    spread: float
    again: NDArray[np.float32]
    params: RepeatParams


class Purchases(NamedTuple):
    """Purchases of any shoppers, in any order. shopper, item: int32 [m]; time: float64 [m], seconds"""

    shopper: NDArray[np.int32]
    item: NDArray[np.int32]
    time: NDArray[np.float64]


class Due(NamedTuple):
    """One entry for each shopper and item that was bought: by shopper, then by falling chance, then by item.

    chance: float32, that it is bought within the horizon; expected: float64, seconds, when, if at all (the median)
    """

    shopper: NDArray[np.int32]
    item: NDArray[np.int32]
    chance: NDArray[np.float32]
    expected: NDArray[np.float64]


def fit_repeats(
    purchases: Purchases, n_items: int, params: RepeatParams, *, item_type: NDArray[np.int32] | None = None
) -> RepeatModel:
    """Return what is usual for each item; one without purchases has what is usual for its type (int32 [n_items])."""
    types = np.zeros(n_items, dtype=np.int32) if item_type is None else item_type
    pairs = _pairs_of(purchases, params)
    log_days, spread = _typical(pairs, types, n_items, params)
    gone = _gone(pairs, log_days, spread, float(purchases.time.max(initial=0.0)), params.own_strength)[2]
    again = _again(pairs, gone, types, n_items, params)
    return RepeatModel(log_days.astype(np.float32), spread, again.astype(np.float32), params)


def find_due(model: RepeatModel, purchases: Purchases, *, now: float, horizon_days: float) -> Due:
    """Return what each shopper may buy again in the next `horizon_days` after `now` (seconds), and when.

    chance = p (F(t + h) - F(t)) / (1 - p F(t)), with t since the last purchase, F the log-normal distribution of the
    interval and p the chance to buy again at all. Items that the model does not know, and purchases after `now`,
    are left out.
    """
    known = (purchases.item >= 0) & (purchases.item < len(model.log_days)) & (purchases.time <= now)
    seen = Purchases(purchases.shopper[known], purchases.item[known], purchases.time[known])
    pairs = _pairs_of(seen, model.params)
    if len(pairs.item) == 0:
        return Due(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32), np.empty(0, np.float64))
    waited, middle, until = _gone(pairs, model.log_days, model.spread, now, model.params.own_strength)
    later = ndtr((np.log(waited + horizon_days) - middle) / model.spread)
    again = model.again[pairs.item, np.minimum(pairs.intervals, model.params.max_count - 1)].astype(np.float64)
    chance = again * (later - until) / np.maximum(1.0 - again * until, _LITTLE)
    half = np.minimum((1.0 + until) / 2.0, 1.0 - _LITTLE)
    expected = np.maximum(pairs.last + np.exp(middle + model.spread * ndtri(half)) * DAY, now)
    order = np.lexsort((pairs.item, -chance, pairs.shopper))
    return Due(pairs.shopper[order], pairs.item[order], chance[order].astype(np.float32), expected[order])


class _Pairs(NamedTuple):
    """Of each shopper and item: how many intervals lie between purchases, the sum and sum of squares of their
    logarithms in days, and the time of the last purchase.
    """

    shopper: NDArray[np.int32]
    item: NDArray[np.int32]
    intervals: NDArray[np.int64]
    log_sum: NDArray[np.float64]
    log_square: NDArray[np.float64]
    last: NDArray[np.float64]


def _pairs_of(purchases: Purchases, params: RepeatParams) -> _Pairs:
    order = np.lexsort((purchases.time, purchases.item, purchases.shopper))
    shopper, item, time = purchases.shopper[order], purchases.item[order], purchases.time[order]
    begins = np.ones(len(item), dtype=np.bool_)
    begins[1:] = (shopper[1:] != shopper[:-1]) | (item[1:] != item[:-1])
    number = np.cumsum(begins) - 1
    days = np.diff(time, prepend=time[:1]) / DAY
    counts = ~begins & (days >= params.min_interval_days)
    logs = np.log(days, out=np.zeros(len(days)), where=counts)
    size = int(begins.sum())
    ends = np.append(np.flatnonzero(begins)[1:], len(item)) - 1 if size else np.empty(0, dtype=np.int64)
    return _Pairs(
        shopper=shopper[begins],
        item=item[begins],
        intervals=np.bincount(number[counts], minlength=size),
        log_sum=_summed(number, logs, size),
        log_square=_summed(number, logs**2, size),
        last=time[ends],
    )


def _typical(
    pairs: _Pairs, types: NDArray[np.int32], n_items: int, params: RepeatParams
) -> tuple[NDArray[np.float64], float]:
    """Return the middle of the log intervals of each item, and the spread about the shoppers' own middles."""
    total = max(float(pairs.intervals.sum()), 1e-12)
    everywhere = float(pairs.log_sum.sum()) / total if pairs.intervals.sum() else np.log(30.0)
    counts = _summed(pairs.item, pairs.intervals, n_items)
    sums = _summed(pairs.item, pairs.log_sum, n_items)
    by_type = _drawn(_grouped(sums, types), _grouped(counts, types), everywhere, params.type_strength)
    middle = _drawn(sums, counts, by_type[types], params.item_strength)
    several = pairs.intervals >= 2  # noqa: PLR2004  # an interval alone does not spread
    free = float((pairs.intervals[several] - 1).sum())
    squares = (pairs.log_square - pairs.log_sum**2 / np.maximum(pairs.intervals, 1))[several].sum()
    spread = float(np.sqrt((squares + 1.0) / (free + 1.0)))  # as if one interval had been off by e times
    return middle, min(max(spread, params.min_spread), params.max_spread)


def _again(
    pairs: _Pairs, gone: NDArray[np.float64], types: NDArray[np.int32], n_items: int, params: RepeatParams
) -> NDArray[np.float64]:
    """Return the chance that what was bought so often is bought once more, drawn to the type's, then to everything's.

    Who did not buy again may do so yet: each counts for the chance that he will (expectation maximisation), given that
    the share `gone` of the intervals is over.
    """
    again = np.zeros((n_items, params.max_count))
    column = np.minimum(pairs.intervals, params.max_count - 1)
    for count in range(params.max_count):
        most = 1 if count + 1 < params.max_count else None  # the last column is of all purchases from there on
        repeats = _summed(pairs.item, np.clip(pairs.intervals - count, 0, most), n_items)
        waiting = column == count
        item, over = pairs.item[waiting], gone[waiting]
        trials = repeats + _summed(item, np.ones(len(item)), n_items)
        chance = _shares(repeats, trials, types, params)
        for _ in range(_ROUNDS):
            still = chance[item]
            to_come = _summed(item, still * (1.0 - over) / np.maximum(1.0 - still * over, _LITTLE), n_items)
            chance = _shares(repeats + to_come, trials, types, params)
        again[:, count] = chance
    return again


def _shares(
    repeats: NDArray[np.float64], trials: NDArray[np.float64], types: NDArray[np.int32], params: RepeatParams
) -> NDArray[np.float64]:
    everywhere = (repeats.sum() + 0.5) / (trials.sum() + 1.0)
    by_type = _drawn(_grouped(repeats, types), _grouped(trials, types), everywhere, params.type_strength)
    return _drawn(repeats, trials, by_type[types], params.item_strength)


def _gone(
    pairs: _Pairs, log_days: NDArray[np.floating], spread: float, now: float, strength: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return of each pair: days since the last purchase, middle of its log intervals, share of these that is over."""
    middle = (pairs.log_sum + strength * log_days[pairs.item]) / (pairs.intervals + strength)
    waited = np.maximum((now - pairs.last) / DAY, _LITTLE)
    return waited, middle, np.asarray(ndtr((np.log(waited) - middle) / spread))


def _grouped(values: NDArray[np.float64], types: NDArray[np.int32]) -> NDArray[np.float64]:
    return _summed(types, values, int(types.max(initial=-1)) + 1)


def _summed(group: NDArray[Any], values: NDArray[Any], size: int) -> NDArray[np.float64]:
    return np.asarray(np.bincount(group, weights=values, minlength=size), dtype=np.float64)


def _drawn(
    sums: NDArray[np.float64], counts: NDArray[np.float64], wider: NDArray[np.float64] | float, strength: float
) -> NDArray[np.float64]:
    return np.asarray((sums + strength * wider) / (counts + strength))
