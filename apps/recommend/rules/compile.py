"""From rules as written to plans: what can be known before a request is worked out once."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from apps.catalog import api as catalog
from apps.catalog.contracts import ItemColumns, Offer
from apps.recommend.contracts.rules import RuleInput
from apps.recommend.rules import effects
from apps.recommend.rules.plan import Plan, Situation
from apps.recommend.rules.schedule import is_in_force, next_change
from apps.recommend.rules.scope import is_concerned
from apps.recommend.rules.targets import filter_of, group_codes, named_rows

MARK_SECONDS = 300.0  # filters such as `released >= now - 30d` are asked again so often
MOST_MADE = 256  # arrays that plans share, of each kind; stores and filters differ as callers ask
MADE_BYTES = 100 * 2**20  # of a great catalogue they are fewer, by a byte an item
_Made = TypeVar("_Made")
_NO_COSTS: NDArray[np.float64] = np.empty(0)


@dataclass(frozen=True, slots=True)
class CompiledRules:
    """The published rules of a site over its columns. Immutable: other rules or columns make another.

    rules: by priority, then age; stamp: of the rules as stored
    The dictionaries at the end are memories of what was worked out, filled on use.
    """

    rules: tuple[RuleInput, ...]
    columns: ItemColumns
    time_zone: str
    stamp: int
    categories: frozenset[str]
    audiences: frozenset[str]
    tells_channels: bool
    offer_at: Callable[[str | None], Offer] | None
    masks: dict[tuple[str, str | None], tuple[float, NDArray[np.bool_]]] = field(default_factory=dict)
    codes: dict[str, NDArray[np.int32]] = field(default_factory=dict)
    made: dict[tuple[str, tuple[str, ...], str | None, float], object] = field(default_factory=dict)

    def situation(
        self,
        *,
        placement: str,
        store_id: str | None,
        channel: str,
        category_ids: Iterable[str] = (),
        audiences: Iterable[str] = (),
    ) -> Situation:
        """Return the situation, without what no rule tells apart: few differ, so plans may be kept by them."""
        return Situation(
            placement=placement,
            store_id=store_id,
            channel=channel if self.tells_channels else "",
            category_ids=self.categories.intersection(category_ids),
            audiences=self.audiences.intersection(audiences),
        )

    def plan_for(self, situation: Situation, *, now: float, mask: NDArray[np.bool_], offer: Offer) -> Plan:
        """Return what the rules in force at `now` (seconds since 1970) make of such a list.

        mask: bool [n], what the placement may show in this place; offer: what can be had there
        """
        moment = datetime.fromtimestamp(now, UTC)
        near = [rule for rule in self.rules if is_concerned(rule.scope, situation)]
        held = [rule for rule in near if is_in_force(rule.schedule, now=moment, time_zone=self.time_zone)]
        changes = (next_change(rule.schedule, now=moment, time_zone=self.time_zone) for rule in near)
        until = min(changes, default=math.inf)
        if any(rule.target.filter and catalog.parse_filter(rule.target.filter).by_time for rule in held):
            until = min(until, _next_mark(now))
        if not held:
            return Plan(mask=mask, gate=offer.available, until=until)
        return self._plan(held, _Place(situation.store_id, now, mask, offer), until)

    def _plan(self, held: list[RuleInput], place: "_Place", until: float) -> Plan:
        def target(rule: RuleInput) -> NDArray[np.bool_]:
            return self._target(rule, place)

        gate, takers = self._gate(held, place)
        weighing = [rule for rule in held if rule.kind in effects.WEIGHING]
        pins, unshown = effects.pins_of(held, self.columns, gate)
        include = effects.included(held, target, self.columns, gate)
        mask = place.mask & gate if takers else place.mask
        nothing = bool(takers) and not pins and not len(include) and not mask.any()
        return Plan(
            mask=mask,
            gate=gate,
            factor=self._once("factor", weighing, place, lambda: effects.factor_of(weighing, target, len(gate))),
            pins=pins,
            include=include,
            limits=effects.limits_of(held, target, lambda rule: self._groups(rule, place), mask),
            in_force=tuple(rule.rule for rule in held),
            unshown=unshown,
            emptied_by=takers if nothing else (),
            until=until,
        )

    def _gate(self, held: list[RuleInput], place: "_Place") -> tuple[NDArray[np.bool_], tuple[str, ...]]:
        """Return what may be shown at all, and which rules took something from what the placement shows."""
        removing = [rule for rule in held if rule.kind in effects.REMOVING]
        if not removing:
            return place.offer.available, ()
        gone = [self._once("gone", [rule], place, partial(self._removed, rule, place)) for rule in removing]
        takers = [rule.rule for rule, rows in zip(removing, gone, strict=True) if (rows & place.mask).any()]
        gate = self._once("gate", removing, place, lambda: place.offer.available & ~np.logical_or.reduce(gone))
        return gate, tuple(takers)

    def _removed(self, rule: RuleInput, place: "_Place") -> NDArray[np.bool_]:
        target = self._target(rule, place)
        return effects.removed_by(rule, target=target, offer=place.offer, cost=self._cost(rule, place))

    def _groups(self, rule: RuleInput, place: "_Place") -> NDArray[np.int32]:
        """Return int32 [n], the groups of what a limit is about, -1 for all else."""
        by, target = rule.effect.group_by, rule.target
        codes = self._codes(by) if by else None
        if codes is not None and not target.item_ids and not target.filter:
            return codes
        return self._once("groups", [rule], place, lambda: effects.grouped(self._target(rule, place), codes))

    def _once(self, what: str, rules: list[RuleInput], place: "_Place", make: Callable[[], _Made]) -> _Made:
        """Return what was made of these rules before, where it is the same here and now: plans share their arrays."""
        filters = [asked for rule in rules if (asked := filter_of(rule.target)) is not None]
        mark = _next_mark(place.now) if any(asked.by_time for asked in filters) else 0.0
        here = what in ("gone", "gate", "cost") or any(asked.by_place for asked in filters)
        key = what, tuple(rule.rule for rule in rules), place.store_id if here else None, mark
        held = self.made.get(key)
        if held is not None:
            return cast("_Made", held)
        if len(self.made) >= self._most:
            self.made.clear()
        made = self.made[key] = make()
        return made

    def _target(self, rule: RuleInput, place: "_Place") -> NDArray[np.bool_]:
        """Return bool [n], what the rule is about; the same array for every rule that has this filter and no items."""
        target = rule.target
        asked = filter_of(target)
        if asked is None and not target.item_ids:
            return np.ones(len(self.columns.item_ids), dtype=np.bool_)
        found = None if asked is None else self._filtered(asked, place)
        rows = named_rows(target, self.columns)
        if found is not None and not len(rows):
            return found
        mask = np.zeros(len(self.columns.item_ids), dtype=np.bool_) if found is None else found.copy()
        mask[rows] = True
        return mask

    def _filtered(self, asked: catalog.Filter, place: "_Place") -> NDArray[np.bool_]:
        """Return the remembered answer of a filter; one that counts from now holds until the next mark of the clock."""
        key = asked.key, place.store_id if asked.by_place else None
        until, mask = self.masks.get(key, (-math.inf, None))
        if mask is None or until <= place.now:
            mask = catalog.filter_mask(
                columns=self.columns,
                filter=asked,
                store_id=place.store_id,
                now=place.now,
                offer_at=lambda store_id: self._offer(store_id, place),
            )
            if len(self.masks) >= self._most:
                self.masks.clear()
            self.masks[key] = (_next_mark(place.now) if asked.by_time else math.inf), mask
        return mask

    def _offer(self, store_id: str | None, place: "_Place") -> Offer:
        if store_id == place.store_id:
            return place.offer
        return self.offer_at(store_id) if self.offer_at else catalog.offer(columns=self.columns, store_id=store_id)

    @property
    def _most(self) -> int:
        """How many arrays are remembered."""
        return max(min(MOST_MADE, MADE_BYTES // max(len(self.columns.item_ids), 1)), 2 * len(self.rules))

    def _cost(self, rule: RuleInput, place: "_Place") -> NDArray[np.float64]:
        """Return the costs of what is sold there, for a margin guard; they cost a walk over the catalogue."""
        if rule.kind != "margin_guard":
            return _NO_COSTS
        return self._once("cost", [], place, lambda: effects.costs_of(self.columns, place.offer))

    def _codes(self, group_by: str) -> NDArray[np.int32]:
        codes = self.codes.get(group_by)
        if codes is None:
            codes = self.codes[group_by] = group_codes(group_by, self.columns)
        return codes


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a list is shown, and what there is."""

    store_id: str | None
    now: float
    mask: NDArray[np.bool_]
    offer: Offer


def compile_rules(
    rules: Sequence[RuleInput],
    *,
    columns: ItemColumns,
    time_zone: str,
    stamp: int = 0,
    offer_at: Callable[[str | None], Offer] | None = None,
) -> CompiledRules:
    """Return the rules over the columns.

    rules: published ones, oldest first; time_zone: the site's (IANA); offer_at: gives what can be had at a store, where
    the caller keeps it already
    """
    return CompiledRules(
        rules=tuple(sorted(rules, key=lambda rule: rule.priority)),
        columns=columns,
        time_zone=time_zone,
        stamp=stamp,
        categories=frozenset(name for rule in rules for name in rule.scope.category_ids),
        audiences=frozenset(name for rule in rules for name in rule.scope.audiences),
        tells_channels=any(rule.scope.channels for rule in rules),
        offer_at=offer_at,
    )


def _next_mark(now: float) -> float:
    return (math.floor(now / MARK_SECONDS) + 1) * MARK_SECONDS
