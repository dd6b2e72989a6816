"""What next: experiments, plain data that crosses the face of recommend."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from apps.recommend.contracts.placements import PlacementKey, Share, Title
from specrec.kernel import wire

ExperimentState = Literal["draft", "running", "stopped", "concluded"]
Metric = Literal["ctr", "add_to_cart", "conversion", "revenue_per_session", "returns"]
Unit = Literal["shopper", "store"]


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One side. `changes`: fields of the placement that are other here; empty: as everybody else has it.

    model: stamp of a model version that answers here; None: the promoted one
    """

    variant: PlacementKey
    weight: Annotated[float, msgspec.Meta(gt=0.0, le=1_000.0)] = 1.0
    changes: dict[str, Any] = {}
    model: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class ExperimentInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An experiment as it is written; the first variant is the control.

    layer: experiments of one layer never share a shopper; of different layers they are independent
    layer_from, layer_until: the part of the layer's shoppers (0 to 1) that this one may have
    ramp: the part of those that takes part at all; raising it never moves anybody to another side
    hold_out: the shoppers of the first variant take part in no other experiment of the site, on no placement, so that
        what all experiments together brought can be told; its layer and ramp do not count
    """

    experiment: PlacementKey
    title: Title
    placements: Annotated[tuple[wire.Id, ...], msgspec.Meta(min_length=1, max_length=50)]
    variants: Annotated[tuple[Variant, ...], msgspec.Meta(min_length=2, max_length=10)]
    unit: Unit = "shopper"
    layer: PlacementKey = "default"
    layer_from: Share = 0.0
    layer_until: Share = 1.0
    ramp: Share = 1.0
    metric: Metric = "ctr"
    guardrails: tuple[Metric, ...] = ("returns",)
    attribution_hours: Annotated[int, msgspec.Meta(ge=1, le=24 * 90)] = 24
    planned_units: Annotated[int, msgspec.Meta(ge=100)] | None = None
    ends_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    hold_out: bool = False


class ExperimentInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment as it is stored. `salt` and what is hashed with it decide who is on which side."""

    site_id: str
    state: ExperimentState
    written: ExperimentInput
    salt: str
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    note: str = ""


class ExperimentStop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The end of an experiment: why, in words, and whether that is a verdict."""

    note: wire.Line = ""
    conclude: bool = False


class MetricResult(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of one variant beside the control: means, relative difference with its intervals.

    low, high: 95 % confidence sequence, which may be looked at every day; fixed_low, fixed_high: the interval for one
    look at the end; p_value: for one look; None where nothing can be said yet
    adjusted: what the units did before was taken off; detectable: the relative difference that the planned units would
        show four times of five
    """

    metric: str
    variant: str
    units: int
    mean: float | None
    control_mean: float | None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    fixed_low: float | None = None
    fixed_high: float | None = None
    p_value: float | None = None
    adjusted: bool = False
    detectable: float | None = None


class ExperimentResults(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an experiment until `until`.

    sample_ratio_p: chance of so uneven a split if all were right; below 0.001 the figures are not to be trusted
    warnings: in words, what speaks against trusting the figures
    """

    experiment: str
    until: datetime
    units: dict[str, int]
    sample_ratio_p: float | None
    results: tuple[MetricResult, ...]
    warnings: tuple[str, ...] = ()
    verdict: str = ""
