"""What an experiment must be, alone and beside those that run."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from apps.catalog import api as catalog
from apps.recommend import selectors
from apps.recommend.contracts.experiments import ExperimentInfo, ExperimentInput, Variant
from apps.recommend.contracts.placements import PlacementInput
from apps.recommend.models import ModelVersion
from specrec.kernel import wire
from specrec.kernel.errors import Conflict, Invalid, Problem

_FIXED = frozenset({"placement", "title"})
_CHANGEABLE = sorted(set(PlacementInput.__struct_fields__) - _FIXED)
# What may become other while it runs: nothing by which anybody would move, or figures would mean another thing.
_LOOSE = frozenset({"title", "ramp", "guardrails", "ends_at"})


def check_experiment(site_id: str, written: ExperimentInput) -> None:
    """Raise Invalid naming the field where the experiment cannot be one of this site."""
    _check_layer(written)
    names = [variant.variant for variant in written.variants]
    if len(set(names)) < len(names):
        raise Invalid("Two variants have one name.", code="same_variant", field="variants")
    known = {info.placement for info in selectors.list_placements(site_id=site_id)}
    for index, placement in enumerate(written.placements):
        if placement not in known:
            shown = ", ".join(sorted(known)) or "none yet"
            message = f"This site has no placement {placement!r}. Known placements: {shown}."
            raise Invalid(message, code="unknown_placement", field=f"placements[{index}]")
    for index, variant in enumerate(written.variants):
        _check_variant(site_id, variant, f"variants[{index}]")
    if written.hold_out:
        _check_hold_out(written)


def check_change(before: ExperimentInfo, written: ExperimentInput) -> None:
    """Raise Conflict where the experiment may not become this any more."""
    if before.state == "draft":
        return
    if before.state != "running":
        message = f"{written.experiment} is over: what it was stays with its figures. Make another one."
        raise Conflict(message, code="experiment_over", field="experiment")
    old, new = msgspec.to_builtins(before.written), msgspec.to_builtins(written)
    moved = next((name for name in new if name not in _LOOSE and old[name] != new[name]), None)
    if moved is not None:
        message = f"{moved} of a running experiment stays. Only {', '.join(sorted(_LOOSE))} may change."
        raise Conflict(message, code="experiment_running", field=moved)
    if written.ramp < before.written.ramp:
        message = "The ramp of a running experiment only rises: those who are in would leave. Stop it instead."
        raise Conflict(message, code="ramp_falls", field="ramp")


def check_end(written: ExperimentInput, now: datetime) -> None:
    """Raise Conflict where what runs, or is to run, would have ended already."""
    if written.ends_at is not None and written.ends_at <= now:
        raise Conflict("Its end has passed: give another ends_at, or none.", code="end_passed", field="ends_at")


def check_start(one: ExperimentInfo, running: Iterable[ExperimentInfo]) -> None:
    """Raise Conflict, naming the other, where two could not be told apart or would change one thing twice."""
    for other in running:
        if one.written.hold_out or other.written.hold_out:
            clash = "is a hold-out too" if one.written.hold_out and other.written.hold_out else None
        elif one.written.layer == other.written.layer:
            clash = _clash_in_layer(one.written, other.written)
        else:
            clash = _clash_of_changes(one.written, other.written)
        if clash is not None:
            message = f"{other.written.experiment} runs and {clash}."
            raise Conflict(message, code="experiments_clash", field="experiment", other=other.written.experiment)


def _check_layer(written: ExperimentInput) -> None:
    if not written.layer_from < written.layer_until:
        message = "An experiment needs a part of its layer: layer_from below layer_until."
        raise Invalid(message, code="empty_part", field="layer_until")


def _check_hold_out(written: ExperimentInput) -> None:
    others = any(variant.changes or variant.model for variant in written.variants)
    if written.unit != "shopper" or len(written.variants) != 2 or others:  # noqa: PLR2004 - held out, and the rest
        message = "A hold-out is of shoppers, has two variants (the first is held out) and changes nothing."
        raise Invalid(message, code="bad_hold_out", field="hold_out")


def _check_variant(site_id: str, variant: Variant, at: str) -> None:
    fixed = next((name for name in variant.changes if name in _FIXED or name not in _CHANGEABLE), None)
    if fixed is not None:
        message = f"{fixed!r} is nothing that a variant may change. It may: {', '.join(_CHANGEABLE)}."
        raise Invalid(message, code="unknown_change", field=f"{at}.changes")
    usual: dict[str, Any] = {"placement": "any", "title": "any", "strategy": "popular", "size": 1}
    wire.convert(usual | variant.changes, PlacementInput, at=f"{at}.changes")
    if variant.changes.get("filter"):
        _check_filter(variant.changes["filter"], f"{at}.changes.filter")
    if variant.model is not None and not ModelVersion.objects.filter(site_id=site_id, stamp=variant.model).exists():
        message = f"This site has no model version {variant.model}."
        raise Invalid(message, code="unknown_model", field=f"{at}.model")


def _check_filter(text: str, at: str) -> None:
    try:
        catalog.parse_filter(text, field=at)
    except Problem as error:
        raise Invalid(error.message, code=error.code, field=at, **error.extra) from error


def _clash_in_layer(one: ExperimentInput, other: ExperimentInput) -> str | None:
    if one.unit != other.unit:
        return f"splits the layer {one.layer} by {other.unit}; use another layer"
    if one.layer_from < other.layer_until and other.layer_from < one.layer_until:
        return f"has {other.layer_from:g} to {other.layer_until:g} of the layer {one.layer}"
    return None


def _clash_of_changes(one: ExperimentInput, other: ExperimentInput) -> str | None:
    if not set(one.placements) & set(other.placements):
        return None
    both = sorted(_changed(one) & _changed(other))
    if not both:
        return None
    return f"changes {both[0]} of the same placement; put both into one layer, or change another thing"


def _changed(written: ExperimentInput) -> set[str]:
    models = {"model" for variant in written.variants if variant.model}
    return models.union(*(variant.changes for variant in written.variants))
