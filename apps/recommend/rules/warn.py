"""What makes a rule do nothing, or less than it says, as things stand: told beside the rule, and no error."""

from collections.abc import Collection, Iterable
from datetime import datetime

import numpy as np

from apps.catalog import api as catalog
from apps.catalog.contracts import ItemColumns
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.contracts.rules import RuleInput
from apps.recommend.rules.targets import filter_of, group_codes, named_rows

_SHOWN = 5


def warnings_of(
    rule: RuleInput, *, columns: ItemColumns, placements: Collection[PlacementInfo], now: datetime
) -> tuple[str, ...]:
    """Return a sentence for each thing that the rule names and that is not there, or can never be."""
    return (*_of_target(rule, columns, now), *_of_scope(rule, columns, placements), *_of_effect(rule, columns, now))


def _of_target(rule: RuleInput, columns: ItemColumns, now: datetime) -> list[str]:
    found = []
    target = rule.target
    unknown = [item for item in target.item_ids if item not in columns.row_of]
    if unknown:
        found.append(f"This site has no {_listed('item', unknown)}.")
    asked = filter_of(target)
    if asked is not None:
        mask = catalog.filter_mask(columns=columns, filter=asked, store_id=None, now=now.timestamp())
        if not mask.any():
            found.append("No item is let through by its filter.")
    if rule.kind == "pin" and not unknown and not _can_be_had(rule, columns):
        found.append("Nothing of what it pins is published and in stock online.")
    return found


def _can_be_had(rule: RuleInput, columns: ItemColumns) -> bool:
    rows = named_rows(rule.target, columns)
    return bool(catalog.offer(columns=columns, store_id=None).available[rows].any())


def _of_scope(rule: RuleInput, columns: ItemColumns, placements: Collection[PlacementInfo]) -> list[str]:
    scope = rule.scope
    sizes = {info.placement: info.size for info in placements}
    named = (
        ("placement", scope.placements, sizes),
        ("category", scope.category_ids, columns.category_ids),
        ("open store", scope.store_ids, columns.store_ids),
    )
    found = [f"This site has no {_listed(word, gone)}." for word, ids, known in named if (gone := _missing(ids, known))]
    shown_in = [size for name, size in sizes.items() if not scope.placements or name in scope.placements]
    if rule.effect.position is not None and shown_in and rule.effect.position > max(shown_in):
        found.append(f"It pins to place {rule.effect.position}, and the longest of its lists has {max(shown_in)}.")
    return found


def _of_effect(rule: RuleInput, columns: ItemColumns, now: datetime) -> list[str]:
    found = []
    group_by = rule.effect.group_by
    if group_by and not (group_codes(group_by, columns) >= 0).any():
        found.append(f"No item has {group_by!r}, by which it groups.")
    if rule.kind == "margin_guard" and not rule.effect.unknown_passes:
        unknown = int(np.isnan(columns.cost).sum())
        if unknown:
            found.append(f"{unknown:,} of {len(columns.cost):,} variants have no cost: it hides them.")
    if rule.schedule.ends_at is not None and rule.schedule.ends_at <= now:
        found.append("Its schedule is over.")
    return found


def _missing(ids: Iterable[str], known: Collection[str]) -> list[str]:
    return [name for name in ids if name not in known]


def _listed(word: str, names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"{word} {shown}" + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
