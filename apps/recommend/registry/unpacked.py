"""A stored version as arrays that answer: what its artifact must hold, and whether it fits together."""

from dataclasses import dataclass

import msgspec
import numpy as np

from apps.recommend.ml.blend import BlendParams
from apps.recommend.registry.artifacts import Artifact, BadArtifact

# What an artifact must hold, and as what; anything else means that it was written by another program.
EXPECTED = {
    "item_ids": "|u1",
    "covis_indptr": "<i4",
    "covis_indices": "<i4",
    "covis_weights": "<f4",
    "content_indptr": "<i4",
    "content_indices": "<i4",
    "content_weights": "<f4",
    "popularity": "<f4",
}


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A promoted version, ready to answer. Rows are the model's own, in the order of `item_ids`.

    covis_*, content_*: neighbour lists as CSR (int32, int32, float32), columns by falling weight
    popularity: float32 [n], between 0 and 1
    """

    stamp: str
    item_ids: list[str]
    row_of: dict[str, int]
    covis_indptr: np.ndarray
    covis_indices: np.ndarray
    covis_weights: np.ndarray
    content_indptr: np.ndarray
    content_indices: np.ndarray
    content_weights: np.ndarray
    popularity: np.ndarray
    params: BlendParams


def to_loaded(artifact: Artifact) -> LoadedModel:
    """Return the artifact as a model; raises BadArtifact when arrays are missing or do not fit together."""
    manifest, arrays = artifact.manifest, artifact.arrays
    for name, dtype in EXPECTED.items():
        if name not in arrays or arrays[name].dtype.str != dtype:
            raise _unusable(manifest.stamp, f"the array {name} is missing or not of type {dtype}")
    item_ids = decode_ids(arrays["item_ids"])
    _check_shapes(manifest.stamp, arrays, len(item_ids))
    try:
        recorded = manifest.parameters.get("algorithms", manifest.parameters)
        params = msgspec.convert(recorded.get("blend", {}), type=BlendParams)
    except msgspec.ValidationError as error:
        raise _unusable(manifest.stamp, f"its blend parameters cannot be read: {error}") from error
    return LoadedModel(
        stamp=manifest.stamp,
        item_ids=item_ids,
        row_of={item_id: row for row, item_id in enumerate(item_ids)},
        params=params,
        **{name: arrays[name] for name in EXPECTED if name != "item_ids"},
    )


def encode_ids(item_ids: list[str]) -> np.ndarray:
    """Return identifiers as one array of bytes; they hold no line breaks (see `wire.Id`)."""
    return np.frombuffer("\n".join(item_ids).encode(), dtype=np.uint8)


def decode_ids(data: np.ndarray) -> list[str]:
    """Return what `encode_ids` was given."""
    text = data.tobytes().decode()
    return text.split("\n") if text else []


def _check_shapes(stamp: str, arrays: dict[str, np.ndarray], size: int) -> None:
    if arrays["popularity"].shape != (size,):
        raise _unusable(stamp, f"popularity does not have one value for each of {size} items")
    for kind in ("covis", "content"):
        indptr, indices, weights = (arrays[f"{kind}_{part}"] for part in ("indptr", "indices", "weights"))
        fits = indptr.shape == (size + 1,) and indices.shape == weights.shape == (int(indptr[-1]),)
        inside = indices.size == 0 or (int(indices.min()) >= 0 and int(indices.max()) < size)
        if not (fits and inside and int(indptr[0]) == 0 and bool(np.all(np.diff(indptr) >= 0))):
            raise _unusable(stamp, f"the {kind} neighbour lists do not fit {size} items")


def _unusable(stamp: str, reason: str) -> BadArtifact:
    return BadArtifact(f"The model {stamp} cannot be used: {reason}.", code="bad_artifact", stamp=stamp)
