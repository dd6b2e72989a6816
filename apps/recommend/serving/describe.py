"""How an answer came about, in plain values, read from its draft when it is over and from what its steps noted."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from apps.recommend.columns import Candidates
from apps.recommend.serving.eligible import banned_by
from apps.recommend.serving.leftout import Gates
from apps.recommend.serving.reasons import CODE_OF, PINNED
from apps.recommend.serving.state import NO_OWNER, Draft
from apps.recommend.serving.versions import digest

Slate = tuple[tuple[str, float], ...]
_SHOWN = 100  # candidates of a strategy that a trace keeps


def slate_of(draft: Draft) -> Slate:
    """Return item and score of every place."""
    scores = (round(score, 6) for score in draft.scores.tolist())
    return tuple(zip(names_of(draft, draft.rows), scores, strict=True))


def describe_steps(draft: Draft, gates: Gates) -> dict[str, Any]:
    """Return by step what it did; what steps noted is under their names as well."""
    steps: dict[str, dict[str, Any]] = {
        "context": _context(draft),
        "assigned": {"experiments": [side.label for side in draft.assigned]},
        "eligible": _eligible(draft, gates),
        "rules": _rules(draft),
        "retrieve": {"strategies": [_found(draft, one.strategy, one.candidates) for one in draft.found]},
        "arrange": {"fallback": draft.fallback, "personalised": draft.personalised},
        "failures": {"defects": draft.faults, "last_resorts_only": draft.plain},
    }
    if draft.trace is not None:
        for step, notes in draft.trace.notes().items():
            steps.setdefault(step, {}).update({name: _plain(draft, value) for name, value in notes.items()})
    return steps


def describe_items(draft: Draft, gates: Gates) -> list[dict[str, Any]]:
    """Return for each place of the slate where the item came from, what changed its score, and what it passed."""
    return [_item(draft, gates, place) for place in range(len(draft.rows))]


def _item(draft: Draft, gates: Gates, place: int) -> dict[str, Any]:
    row, because, owner = int(draft.rows[place]), int(draft.because[place]), int(draft.owner[place])
    item_ids = draft.ready.shelf.columns.item_ids
    told: dict[str, Any] = {
        "item_id": item_ids[row],
        "position": place + 1,
        "score": round(float(draft.scores[place]), 6),
        "reason": PINNED if owner == NO_OWNER else CODE_OF[draft.found[owner].strategy],
        "because": item_ids[because] if because >= 0 else None,
        "sources": _sources_of(draft, row),
        "passed": [name for name, mask in gates if mask[row]],
    }
    if place < len(draft.items):
        item = draft.items[place]
        told |= {"name": item.name, "sentence": item.reasons[0].text if item.reasons else ""}
    if draft.plan.factor is not None:
        told["factor"] = round(float(draft.plan.factor[row]), 4)
    if row in draft.pinned:
        told["pinned_by"] = draft.pinned[row]
    if draft.propensities:
        told["propensity"] = round(draft.propensities[place], 6)
    return told


def facts_of(draft: Draft) -> dict[str, dict[str, Any]]:
    """Return what the catalogue says of the items that were considered: what a change of may make another list."""
    rows = dict.fromkeys((*draft.rows.tolist(), *draft.plan.include.tolist()))
    rows.update(dict.fromkeys(row for found in draft.found for row in found.candidates.rows[:_SHOWN].tolist()))
    return {draft.ready.shelf.columns.item_ids[row]: fact_of(draft, row) for row in rows}


def fact_of(draft: Draft, row: int) -> dict[str, Any]:
    """Return what the catalogue says of one item, as far as an answer depends on it."""
    columns, price = draft.ready.shelf.columns, float(draft.offer.price[row])
    inside = columns.category_indices[columns.category_indptr[row] : columns.category_indptr[row + 1]]
    return {
        "available": bool(draft.offer.available[row]),
        "price": None if np.isnan(price) else f"{price:.2f}",
        "brand": columns.brands[columns.brand[row]],
        "item_type": columns.item_types[columns.item_type[row]],
        "categories": sorted(columns.category_ids[code] for code in inside.tolist()),
        "released_at": float(columns.released_at[row]),
        "attributes": digest(columns.attributes[row]),
    }


def _context(draft: Draft) -> dict[str, Any]:
    weights = draft.history_weights
    said = [1.0] * len(draft.history_rows) if weights is None else weights.tolist()
    history = zip(names_of(draft, draft.history_rows), said, strict=True)
    return {
        "page": names_of(draft, draft.context_rows),
        "history": [{"item_id": item_id, "weight": round(weight, 4)} for item_id, weight in history],
        "consent": sorted(draft.purposes),
    }


def _rules(draft: Draft) -> dict[str, Any]:
    plan = draft.plan
    return {
        "in_force": list(plan.in_force),
        "included": names_of(draft, plan.include[:_SHOWN]),
        "limits": [{"rule": limit.rule, "kind": limit.kind} for limit in plan.limits],
        "unshown": sorted({*plan.unshown, *draft.unshown}),
        "emptied_by": list(plan.emptied_by),
    }


def _eligible(draft: Draft, gates: Gates) -> dict[str, Any]:
    return {
        "catalogue": len(draft.ready.shelf.columns.item_ids),
        "gates": [{"gate": name, "leaves": int(np.count_nonzero(mask))} for name, mask in gates],
        "allowed": int(np.count_nonzero(draft.mask)) if draft.mask.dtype == np.bool_ else 0,
        "taken_out": {why: names_of(draft, rows) for why, rows in banned_by(draft).items() if rows},
    }


def _found(draft: Draft, strategy: str, candidates: Candidates) -> dict[str, Any]:
    kept = slice(0, _SHOWN)
    listed = zip(
        names_of(draft, candidates.rows[kept]),
        candidates.scores[kept].tolist(),
        candidates.because[kept].tolist(),
        strict=True,
    )
    item_ids = draft.ready.shelf.columns.item_ids
    return {
        "strategy": strategy,
        "found": len(candidates.rows),
        "candidates": [
            {"item_id": item_id, "score": round(score, 6), "because": item_ids[led_by] if led_by >= 0 else None}
            for item_id, score, led_by in listed
        ],
    }


def _sources_of(draft: Draft, row: int) -> list[dict[str, Any]]:
    """Return which strategies found the row, at which place and with which score."""
    sources = []
    for found in draft.found:
        at = np.flatnonzero(found.candidates.rows == row)
        if len(at):
            score = round(float(found.candidates.scores[at[0]]), 6)
            sources.append({"strategy": found.strategy, "rank": int(at[0]) + 1, "score": score})
    return sources


def names_of(draft: Draft, rows: np.ndarray | Iterable[int]) -> list[str]:
    """Return the item ids of the rows."""
    item_ids = draft.ready.shelf.columns.item_ids
    return [item_ids[row] for row in (rows.tolist() if isinstance(rows, np.ndarray) else rows)]


def _plain(draft: Draft, value: Any) -> Any:
    """Return what a step noted as JSON has it; see `TraceLog` for what an array stands for."""
    if isinstance(value, np.ndarray):
        if value.dtype == np.int32:
            return names_of(draft, value[:_SHOWN])
        if value.dtype == np.bool_:
            return int(np.count_nonzero(value))
        return [round(figure, 6) for figure in value[:_SHOWN].tolist()]
    if isinstance(value, dict):
        return {str(name): _plain(draft, one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(draft, one) for one in value]
    return value.item() if isinstance(value, np.generic) else value
