"""A stored version as an engine that answers: what its artifact must hold, and whether it fits together."""

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from apps.recommend.ml.engine import Engine
from apps.recommend.ml.engineparams import EngineParams
from apps.recommend.ml.habits import Habits
from apps.recommend.ml.tables import make_mix
from apps.recommend.registry import engine_arrays, habit_arrays
from apps.recommend.registry.artifacts import Artifact, BadArtifact, read_artifact

# What an artifact must hold, and as what; anything else means that it was written by another program.
EXPECTED = {"item_ids": "|u1", **engine_arrays.EXPECTED}
# Under this name the parameters of a version hold those of its engine, every one of them, whatever is usual later.
ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A stored version, ready to answer. Rows are the model's own, in the order of `item_ids`.

    habits: None for a version that was made before there were any
    """

    stamp: str
    item_ids: list[str]
    row_of: dict[str, int]
    engine: Engine
    params: EngineParams
    habits: Habits | None = None


def read_version(*, site_id: str, stamp: str) -> LoadedModel:
    """Return the stored version; raises BadArtifact, OSError."""
    return to_loaded(read_artifact(site_id=site_id, stamp=stamp, names=EXPECTED, beside=habit_arrays.EXPECTED))


def to_loaded(artifact: Artifact) -> LoadedModel:
    """Return the artifact as a model; raises BadArtifact when arrays are missing or do not fit together."""
    manifest, arrays = artifact.manifest, artifact.arrays
    for name, dtype in EXPECTED.items():
        if name not in arrays or arrays[name].dtype.str != dtype:
            raise _unusable(manifest.stamp, f"the array {name} is missing or not of type {dtype}")
    item_ids = decode_ids(arrays["item_ids"])
    try:
        params = msgspec.convert(manifest.parameters.get(ENGINE, {}), type=EngineParams)
    except msgspec.ValidationError as error:
        raise _unusable(manifest.stamp, f"the parameters of its engine cannot be read: {error}") from error
    engine = engine_arrays.to_engine(arrays, make_mix(params.mix))
    misfit = engine_arrays.find_misfit(engine, len(item_ids))
    habits, habits_misfit = habit_arrays.to_habits(arrays, len(item_ids))
    if misfit is not None or habits_misfit is not None:
        raise _unusable(manifest.stamp, misfit or habits_misfit or "")
    return LoadedModel(
        stamp=manifest.stamp,
        item_ids=item_ids,
        row_of={item_id: row for row, item_id in enumerate(item_ids)},
        engine=engine,
        params=params,
        habits=habits,
    )


def told(params: EngineParams) -> dict[str, Any]:
    """Return the parameters of an engine as a version records them."""
    plain: dict[str, Any] = msgspec.to_builtins(params)
    return {ENGINE: plain}


def encode_ids(item_ids: list[str]) -> np.ndarray:
    """Return identifiers as one array of bytes; they hold no line breaks (see `wire.Id`)."""
    return np.frombuffer("\n".join(item_ids).encode(), dtype=np.uint8)


def decode_ids(data: np.ndarray) -> list[str]:
    """Return what `encode_ids` was given."""
    text = data.tobytes().decode()
    return text.split("\n") if text else []


def _unusable(stamp: str, reason: str) -> BadArtifact:
    return BadArtifact(f"The model {stamp} cannot be used: {reason}.", code="bad_artifact", stamp=stamp)
