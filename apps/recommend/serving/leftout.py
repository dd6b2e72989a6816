"""What would have been found but for a gate, and which gate it was: the answer to "why is it not shown?"."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from apps.recommend.columns import NO_ROWS
from apps.recommend.contracts.rules import RuleInput, Schedule, Scope
from apps.recommend.ml.tables import read_only
from apps.recommend.rules.effects import REMOVING
from apps.recommend.rules.plan import Situation
from apps.recommend.serving.eligible import banned_by
from apps.recommend.serving.fallback import chain_for
from apps.recommend.serving.masks import MaskKey, key_of
from apps.recommend.serving.retrieve import ask_strategy, question_of
from apps.recommend.serving.state import Draft

Gates = list[tuple[str, np.ndarray]]
MOST = 30
NO_ROOM = "no room"


def gates_of(draft: Draft) -> Gates:
    """Return by name which rows (bool [n]) pass each gate that is the same for whoever asks, rules included."""
    now = draft.now.timestamp()
    whole = key_of(draft.placement, draft.request, now)
    place = MaskKey((), (), (), whole.store_id, None, whole.minute)
    keys = [("available", place)]
    if whole.item_types:
        keys.append(("item_types", place._replace(item_types=whole.item_types)))
    if whole.category_ids:
        keys.append(("category_ids", place._replace(category_ids=whole.category_ids)))
    keys += [(f"filter: {text}", place._replace(filters=(text,))) for text in whole.filters]
    if whole.stock_at is not None:
        keys.append(("only_in_stock_at", place._replace(stock_at=whole.stock_at)))
    gates = [(name, draft.ready.mask_of(key, now)) for name, key in keys]
    rules = (rule for rule in draft.ready.rules.rules if rule.rule in draft.plan.in_force and rule.kind in REMOVING)
    return gates + [(f"rule: {rule.rule}", _left_by(rule, draft)) for rule in rules]


def _left_by(rule: RuleInput, draft: Draft) -> np.ndarray:
    """Return which rows one rule, that is in force, lets through."""
    alone = replace(draft.ready.rules, rules=(msgspec.structs.replace(rule, scope=Scope(), schedule=Schedule()),))
    situation = Situation(placement=draft.placement.placement, store_id=draft.request.store_id)
    offer = draft.offer
    return alone.plan_for(situation, now=draft.now.timestamp(), mask=offer.available, offer=offer).gate


def why_not(draft: Draft, gates: Gates, rows: Sequence[int]) -> dict[int, list[str]]:
    """Return for each of the rows what keeps it out; nothing for a row that may be shown."""
    banned = {why: set(out) for why, out in banned_by(draft).items()}
    listed = draft.request.include_item_ids
    only = {draft.ready.shelf.columns.row_of.get(item) for item in listed} if listed else None
    found: dict[int, list[str]] = {}
    for row in rows:
        reasons = _failed(gates, row)
        reasons += [why for why, out in banned.items() if row in out]
        if only is not None and row not in only:
            reasons.append("include_item_ids")
        found[row] = reasons
    return found


def _failed(gates: Gates, row: int) -> list[str]:
    """Return the gates that the row does not pass; what is not to be had at all fails by that alone."""
    available, others = gates[0], gates[1:]
    if not available[1][row]:
        return [available[0]]
    return [name for name, mask in others if not mask[row]]


def describe_left_out(draft: Draft, gates: Gates) -> list[dict[str, Any]]:
    """Return what the strategies would have found had nothing been forbidden, and by which gates it is not shown.

    30 at most. Gates that leave out because of the shopper are "dismissed", "bought", "history" and "cap"; "no room"
    is what might have been shown, had it been scored better or the slate been longer.
    """
    told = set(draft.rows.tolist())
    found = list(_found_ungated(draft))
    reasons = why_not(draft, gates, [row for _, row, _ in found])
    item_ids = draft.ready.shelf.columns.item_ids
    left: list[dict[str, Any]] = []
    for strategy, row, score in found:
        if row not in told and len(left) < MOST:
            told.add(row)
            why = reasons[row] or [NO_ROOM]
            left.append({"item_id": item_ids[row], "strategy": strategy, "score": round(score, 6), "why": why})
    return left


def _found_ungated(draft: Draft) -> Iterable[tuple[str, int, float]]:
    """Yield strategy, row and score of what is found where nothing is forbidden; no further than the answer went."""
    count = len(draft.ready.shelf.columns.item_ids)
    everything = read_only(np.ones(count, dtype=np.bool_))
    # Without the memo of the page: what is found ungated is not for its other slots.
    question = replace(question_of(draft), mask=everything, banned=NO_ROWS, limit=draft.limit + MOST, memo=None)
    last = draft.found[-1].strategy if draft.found else None
    for strategy in () if draft.plain else chain_for(draft.placement):
        found = ask_strategy(strategy, draft, question)
        yield from (
            (strategy, row, score) for row, score in zip(found.rows.tolist(), found.scores.tolist(), strict=True)
        )
        if strategy == last:
            return
