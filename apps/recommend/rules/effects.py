"""What rules do to the rows of a list: guards and excludes first, then pins, includes, limits and factors."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from apps.catalog.contracts import ItemColumns, Offer
from apps.recommend.contracts.rules import MAX_FACTOR, MIN_FACTOR, Effect, RuleInput
from apps.recommend.rules.plan import NO_ROWS, Limit, Pin
from apps.recommend.rules.targets import named_rows

Mask = NDArray[np.bool_]
Targets = Callable[[RuleInput], Mask]
Groups = Callable[[RuleInput], NDArray[np.int32]]
REMOVING = frozenset({"exclude", "price_guard", "margin_guard"})
WEIGHING = frozenset({"boost", "bury"})
MOST_INCLUDED = 200
_ALMOST = 1e-9  # margins are decimal fractions: 40 of 100 leave 0.6


def removed_by(rule: RuleInput, *, target: Mask, offer: Offer, cost: NDArray[np.float64]) -> Mask:
    """Return bool [n], what an exclude or a guard takes out. What has no price is not for sale: no price guard asks.

    cost: float64 [n], of what the offer sells, NaN where unknown
    """
    if rule.kind == "exclude":
        return target
    if rule.kind == "price_guard":
        return target & _outside(rule.effect, offer.price)
    return target & _too_little_left(rule.effect, cost, offer.price)


def costs_of(columns: ItemColumns, offer: Offer) -> NDArray[np.float64]:
    """Return float64 [n], the cost of the variant that is sold of each item, NaN where unknown."""
    if not len(columns.cost):
        return np.full(len(offer.variant), np.nan)
    return np.where(offer.variant >= 0, columns.cost[offer.variant], np.nan)


def _outside(effect: Effect, price: NDArray[np.float64]) -> Mask:
    least = -np.inf if effect.least is None else effect.least
    most = np.inf if effect.most is None else effect.most
    return (price < least) | (price > most)


def _too_little_left(effect: Effect, cost: NDArray[np.float64], price: NDArray[np.float64]) -> Mask:
    """Return what sells with a margin below the least: where (net - cost) / net < least, net > 0."""
    least = 0.0 if effect.least_margin is None else effect.least_margin
    allowed = price * ((1.0 - least) / (1.0 + effect.tax) + _ALMOST)
    return allowed < cost if effect.unknown_passes else ~(allowed >= cost)


def factor_of(rules: Iterable[RuleInput], targets: Targets, count: int) -> NDArray[np.float32] | None:
    """Return float32 [n], the factors of all boosts and buries multiplied, within 0.1 to 10; None without any."""
    factor = None
    for rule in rules:
        if rule.kind in WEIGHING and rule.effect.factor is not None:
            factor = np.ones(count, dtype=np.float64) if factor is None else factor
            factor[targets(rule)] *= rule.effect.factor
    return None if factor is None else np.clip(factor, MIN_FACTOR, MAX_FACTOR).astype(np.float32)


def pins_of(rules: Iterable[RuleInput], columns: ItemColumns, gate: Mask) -> tuple[tuple[Pin, ...], tuple[str, ...]]:
    """Return the pins of which something can be had, and the rules of those of which nothing can."""
    pins, unshown = [], []
    for rule in rules:
        if rule.kind != "pin" or rule.effect.position is None:
            continue
        rows = named_rows(rule.target, columns)
        can_be_had = tuple(rows[gate[rows]].tolist())
        if can_be_had:
            pins.append(Pin(position=rule.effect.position, rows=can_be_had, rule=rule.rule))
        else:
            unshown.append(rule.rule)
    return tuple(pins), tuple(unshown)


def included(rules: Iterable[RuleInput], targets: Targets, columns: ItemColumns, gate: Mask) -> NDArray[np.int32]:
    """Return int32, ascending: rows that are always candidates; of each rule the named ones first, 200 at most."""
    rows: dict[int, None] = {}
    for rule in rules:
        if rule.kind == "include":
            named = named_rows(rule.target, columns)
            rest = np.flatnonzero(targets(rule) & gate)[:MOST_INCLUDED]
            found = dict.fromkeys((*named[gate[named]].tolist(), *rest.tolist()))
            rows.update(dict.fromkeys(list(found)[:MOST_INCLUDED]))
    return np.array(sorted(rows), dtype=np.int32) if rows else NO_ROWS


def limits_of(rules: Iterable[RuleInput], targets: Targets, groups: Groups, mask: Mask) -> tuple[Limit, ...]:
    """Return what slates must keep to; `mask`: bool [n], what sources may find."""
    return tuple(limit for rule in rules if (limit := _limit_of(rule, targets, groups, mask)) is not None)


def grouped(target: Mask, codes: NDArray[np.int32] | None) -> NDArray[np.int32]:
    """Return int32 [n], the groups of what a limit is about, -1 for all else; without codes it is one group."""
    return np.where(target, np.int32(0) if codes is None else codes, np.int32(-1))


def _limit_of(rule: RuleInput, targets: Targets, groups: Groups, mask: Mask) -> Limit | None:
    effect = rule.effect
    if rule.kind == "share" and effect.share is not None:
        if effect.at_most:
            return Limit(kind="most_share", codes=groups(rule), rule=rule.rule, share=effect.share)
        reserve = targets(rule) & mask
        return Limit(kind="least_share", codes=groups(rule), rule=rule.rule, share=effect.share, reserve=reserve)
    if rule.kind == "spacing" and effect.distance is not None:
        return Limit(kind="spacing", codes=groups(rule), rule=rule.rule, count=effect.distance)
    if rule.kind == "max_per_group" and effect.count is not None:
        return Limit(kind="most", codes=groups(rule), rule=rule.rule, count=effect.count)
    return None
