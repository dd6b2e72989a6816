"""A finished draft as it is recorded, and a record as it is told."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from apps.recommend.contracts.serving import ShopperInput
from apps.recommend.contracts.traces import TraceInfo
from apps.recommend.serving.describe import describe_items, describe_steps, facts_of, names_of, slate_of
from apps.recommend.serving.leftout import describe_left_out, gates_of
from apps.recommend.serving.recorded import Known, Placed, Recorded, Side, Tried
from apps.recommend.serving.state import Draft
from apps.recommend.serving.versions import versions_of

# What a request says that would be told of whoever asks; the rest of it stays in clear.
PLAIN = ("limit", "store_id", "only_in_stock_at", "channel", "locale", "category_id", "filter", "profile")


def record(draft: Draft) -> Recorded:
    """Return all that decided the answer. It asks the sources once more: milliseconds, for those that are traced."""
    key, ready, gates = draft.placement.placement, draft.ready, gates_of(draft)
    return Recorded(
        request=msgspec.structs.replace(draft.request, shopper=ShopperInput(), trace=False),
        limit=draft.limit,
        known=_known(draft),
        settings=ready.placements.get(key, draft.placement),
        placement=draft.placement,
        sides=tuple(
            Side(experiment=one.experiment, variant=one.variant, changes=dict(one.changes), model=one.model)
            for one in draft.assigned
        ),
        weights=ready.weights,
        tried=_tried(draft),
        rules=tuple(rule for rule in ready.rules.rules if rule.rule in draft.plan.in_force),
        slate=tuple(Placed(item_id=item_id, score=score) for item_id, score in slate_of(draft)),
        facts=facts_of(draft),
        versions=versions_of(ready, key),
        steps=describe_steps(draft, gates),
        items=describe_items(draft, gates),
        left_out=describe_left_out(draft, gates),
        timings={step: round(spent, 4) for step, spent in draft.timings.items()},
    )


def _known(draft: Draft) -> Known:
    return Known(
        shopper_id=draft.shopper_id,
        purposes=draft.purposes,
        audiences=draft.audiences,
        stored=draft.stored,
        history=tuple(names_of(draft, draft.history_rows)),
        weights=None if draft.history_weights is None else tuple(draft.history_weights.tolist()),
        shown=tuple(names_of(draft, draft.shown)),
        drawn_for=draft.drawn_for,
    )


def _tried(draft: Draft) -> Tried | None:
    """Return what draws depended on, cut to what was considered; None where nothing was drawn by it."""
    tries = draft.ready.tries
    if tries is None or draft.drawn_for is None:
        return None
    considered = facts_of(draft)
    return Tried(
        clicks={item: tries.clicks.get(item, 0) for item in considered},
        shown={item: tries.shown.get(item, 0) for item in considered},
        usual=tries.usual,
    )


def to_content(recorded: Recorded) -> dict[str, Any]:
    """Return what of the record may be kept in clear: what would be the same whoever had asked."""
    asked: dict[str, Any] = msgspec.to_builtins(recorded.request)
    return {
        "asked": {name: asked[name] for name in PLAIN},
        "strategy": recorded.placement.strategy,
        "fallback": recorded.steps["arrange"]["fallback"],
        "personalised": recorded.steps["arrange"]["personalised"],
        "items": len(recorded.slate),
        "versions": recorded.versions,
        "timings": recorded.timings,
    }


def to_info(recorded: Recorded, *, trace_id: UUID, site_id: str, at: datetime) -> TraceInfo:
    """Return the record as it is told to whoever may read it."""
    asked: dict[str, Any] = msgspec.to_builtins(recorded.request)
    known: dict[str, Any] = msgspec.to_builtins(recorded.known)
    arranged = recorded.steps["arrange"]
    return TraceInfo(
        trace_id=trace_id,
        site_id=site_id,
        at=at,
        placement=recorded.placement.placement,
        strategy=recorded.placement.strategy,
        fallback=arranged["fallback"],
        personalised=arranged["personalised"],
        asked={name: value for name, value in asked.items() if name not in ("shopper", "trace")},
        known=known,
        steps=recorded.steps,
        items=recorded.items,
        left_out=recorded.left_out,
        versions=recorded.versions,
        timings=recorded.timings,
    )
