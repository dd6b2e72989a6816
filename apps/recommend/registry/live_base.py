"""What a version keeps so that it can go on from its training: counted pairs, which events are in them, by which rules.

A version without it answers as it was trained. Marks stand for events: an event that the training read is known by its
own, and is not added once more.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.covisitation import CovisitationParams
from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.registry.artifacts import Arrays, BadArtifact, read_artifact
from apps.recommend.registry.engine_arrays import rows_fit
from apps.recommend.registry.unpacked import decode_ids, encode_ids

_COLUMNS = ("start", "length", "indices", "counts", "row_sums", "column_sums")
_DTYPES = dict(zip(_COLUMNS, ("<i8", "<i4", "<i4", "<f4", "<f8", "<f8"), strict=True))
_NAMES = ("item_ids", "live_marks", "live_rule", "live_types", "live_weights", *(f"pairs_{name}" for name in _COLUMNS))


@dataclass(frozen=True, slots=True)
class LiveBase:
    """counts: of the events that were read; params: how they were counted, sums and units apart
    marks: uint64 [m], ascending, of all events that were read
    weights: what an event of a type counts; an absent type counts nothing
    since, taken_at: seconds since 1970: older events count nothing; when the events were read
    """

    item_ids: list[str]
    counts: PairCounts
    params: CovisitationParams
    marks: NDArray[np.uint64]
    weights: Mapping[str, float]
    since: float
    taken_at: float


def to_arrays(base: LiveBase) -> Arrays:
    """Return the base as arrays of an artifact, without the ids of the items, which it has already."""
    params, types = base.params, sorted(base.weights)
    rule = (
        *(params.window, params.gap_decay, params.backward, params.pause_hours, params.pause_factor),
        *(base.counts.step_sum, base.counts.step_count, base.since, base.taken_at),
    )
    return {f"pairs_{name}": getattr(base.counts, name) for name in _COLUMNS} | {
        "live_marks": base.marks,
        "live_rule": np.array(rule, dtype=np.float64),
        "live_types": encode_ids(types),
        "live_weights": np.array([base.weights[kind] for kind in types], dtype=np.float64),
    }


def read_base(*, site_id: str, stamp: str) -> LiveBase:
    """Return what a version goes on from, mapped and verified; raises BadArtifact, also where it keeps nothing."""
    arrays = read_artifact(site_id=site_id, stamp=stamp, names=_NAMES).arrays
    item_ids = decode_ids(arrays["item_ids"])
    _check(stamp, arrays, len(item_ids))
    window, decay, backward, pause, factor, step_sum, step_count, since, taken_at = arrays["live_rule"].tolist()
    columns = {name: arrays[f"pairs_{name}"] for name in _COLUMNS}
    return LiveBase(
        item_ids=item_ids,
        counts=PairCounts(**columns, step_sum=step_sum, step_count=step_count),
        params=CovisitationParams(
            window=int(window), gap_decay=decay, backward=backward, pause_hours=pause, pause_factor=factor
        ),
        marks=arrays["live_marks"],
        weights=dict(zip(decode_ids(arrays["live_types"]), arrays["live_weights"].tolist(), strict=True)),
        since=since,
        taken_at=taken_at,
    )


def _check(stamp: str, arrays: Arrays, size: int) -> None:
    """Raise BadArtifact unless the table fits the items: compiled loops do not look where they read."""
    table = [arrays[f"pairs_{name}"] for name in ("start", "length", "indices", "counts")]
    fits = all(arrays[f"pairs_{name}"].dtype.str == kind for name, kind in _DTYPES.items())
    fits = fits and arrays["live_rule"].shape == (9,) and arrays["live_marks"].dtype.str == "<u8"
    for name in ("row_sums", "column_sums"):
        fits = fits and arrays[f"pairs_{name}"].shape == (size,)
    if not (fits and rows_fit(*table, size=size)):
        message = f"The model {stamp} cannot go on from its training: its table of pairs does not fit {size} items."
        raise BadArtifact(message, code="bad_artifact", stamp=stamp)
