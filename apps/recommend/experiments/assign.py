"""Who sees what: for a placement and a shopper, the experiments that hold and on which side. Pure, and microseconds.

An experiment has those shoppers (or stores) whose place in its layer lies in its part of it, of these the share that
its ramp lets in, and splits them by weight. Two of one layer never share a unit where their parts are apart; layers are
independent. A shopper of the hold-out takes part in nothing else, whatever the placement.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from apps.recommend.contracts.experiments import ExperimentInfo, Variant
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.ml.bucketing import choose, share_of, takes_part, to_bounds


@dataclass(frozen=True, slots=True)
class Assigned:
    """A side that somebody is on. `changes`: fields of the placement that are other; `model`: stamp, None: as usual."""

    experiment: str
    variant: str
    changes: Mapping[str, Any] = field(hash=False)
    model: str | None

    @property
    def label(self) -> str:
        """What an exposure carries, and by which results are counted."""
        return f"{self.experiment}:{self.variant}"


@dataclass(frozen=True, slots=True)
class LiveExperiment:
    """One running experiment, ready to be asked."""

    salt: str
    layer_salt: str
    part: tuple[float, float]
    ramp: float
    by_store: bool
    bounds: tuple[float, ...]
    variants: tuple[Assigned, ...]

    def side_of(self, unit: str) -> Assigned | None:
        """Return the side of the unit; None where it does not take part."""
        if not takes_part(self.salt, unit, layer_salt=self.layer_salt, part=self.part, ramp=self.ramp):
            return None
        return self.variants[choose(share_of(self.salt, unit), self.bounds)]


@dataclass(frozen=True, slots=True)
class LiveExperiments:
    """The running experiments of a site, by placement; those of one placement in order of layer and key."""

    by_placement: Mapping[str, tuple[LiveExperiment, ...]] = field(default_factory=dict)
    hold_out: LiveExperiment | None = None
    counted: frozenset[str] = frozenset()  # placements on which the hold-out is an experiment itself

    def models(self) -> frozenset[str]:
        """Return the stamps of the model versions that variants answer with."""
        sides = (side for lives in self.by_placement.values() for live in lives for side in live.variants)
        return frozenset(side.model for side in sides if side.model is not None)


NONE_LIVE = LiveExperiments()


def assign(
    live: LiveExperiments, *, placement: str, unit_id: str | None, store_id: str | None = None
) -> tuple[Assigned, ...]:
    """Return the sides that hold for one request, () where there are none.

    unit_id: the shopper, None where nothing may be known of one: then only experiments by store hold
    """
    running = live.by_placement.get(placement, ())
    if live.hold_out is not None and unit_id is not None:
        side = live.hold_out.side_of(unit_id)
        shown = () if side is None or placement not in live.counted else (side,)
        if side is live.hold_out.variants[0]:
            return shown
    else:
        shown = ()
    if not running:
        return shown
    units = (store_id if one.by_store else unit_id for one in running)
    sides = (one.side_of(unit) for one, unit in zip(running, units, strict=True) if unit is not None)
    return shown + tuple(side for side in sides if side is not None)


def change_placement(placement: PlacementInfo, assigned: Iterable[Assigned]) -> PlacementInfo:
    """Return the placement as it is for who is on these sides; the same object where nothing is other."""
    changes: dict[str, Any] = {}
    for side in assigned:
        changes.update(side.changes)
    return msgspec.structs.replace(placement, **changes) if changes else placement


def model_of(assigned: Iterable[Assigned]) -> str | None:
    """Return the stamp of the model version that answers on these sides; None: the promoted one."""
    return next((side.model for side in assigned if side.model is not None), None)


def compile_live(running: Iterable[ExperimentInfo]) -> LiveExperiments:
    """Return the experiments (all of them running) as they are asked; of several hold-outs the first by key."""
    by_placement: dict[str, list[LiveExperiment]] = {}
    hold_outs: list[ExperimentInfo] = []
    for info in sorted(running, key=lambda one: (one.written.layer, one.written.experiment)):
        if info.written.hold_out:
            hold_outs.append(info)
            continue
        live = _to_live(info)
        for placement in info.written.placements:
            by_placement.setdefault(placement, []).append(live)
    first = hold_outs[0] if hold_outs else None
    return LiveExperiments(
        by_placement={placement: tuple(lives) for placement, lives in by_placement.items()},
        hold_out=None if first is None else _to_live(first),
        counted=frozenset(() if first is None else first.written.placements),
    )


def _to_live(info: ExperimentInfo) -> LiveExperiment:
    written = info.written
    return LiveExperiment(
        salt=info.salt,
        layer_salt=f"{info.site_id}/{written.layer}",
        part=(0.0, 1.0) if written.hold_out else (written.layer_from, written.layer_until),
        ramp=1.0 if written.hold_out else written.ramp,
        by_store=written.unit == "store",
        bounds=to_bounds([variant.weight for variant in written.variants]),
        variants=tuple(_to_side(written.experiment, variant) for variant in written.variants),
    )


def _to_side(experiment: str, variant: Variant) -> Assigned:
    return Assigned(
        experiment=experiment,
        variant=variant.variant,
        changes={name: _frozen(value) for name, value in variant.changes.items()},
        model=variant.model,
    )


def _frozen(value: Any) -> Any:
    """Return the value as a placement has it: lists come from JSON, placements hold tuples."""
    return tuple(value) if isinstance(value, list) else value
