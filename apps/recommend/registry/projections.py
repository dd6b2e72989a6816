"""How a version makes vectors of items, as arrays of its artifact: items that come after it are embedded with them."""

import msgspec
import numpy as np

from apps.recommend.ml.projection import Projection
from apps.recommend.ml.tokens import ContentParams, Vocabulary
from apps.recommend.registry.artifacts import Arrays, BadArtifact, read_artifact

# Names are JSON: unlike identifiers, tokens may hold any character.
_EXPECTED = {
    "tokens": "|u1",
    "token_rarity": "<f4",
    "token_components": "<f4",
    "edge_names": "|u1",
    "edge_indptr": "<i4",
    "edges": "<f8",
}


def to_arrays(projection: Projection) -> Arrays:
    """Return the arrays to store in the artifact."""
    vocabulary = projection.vocabulary
    edges = list(vocabulary.edges.values())
    return {
        "tokens": _encode(vocabulary.tokens),
        "token_rarity": vocabulary.rarity,
        "token_components": projection.components,
        "edge_names": _encode(list(vocabulary.edges)),
        "edge_indptr": np.cumsum([0, *map(len, edges)]).astype(np.int32),
        "edges": np.concatenate([np.empty(0), *edges]),
    }


def read_projection(*, site_id: str, stamp: str) -> Projection:
    """Return what `to_arrays` was given; raises BadArtifact, also for a version that was stored without."""
    artifact = read_artifact(site_id=site_id, stamp=stamp, names=_EXPECTED)
    arrays = artifact.arrays
    wrong = [name for name, dtype in _EXPECTED.items() if arrays[name].dtype.str != dtype]
    if wrong:
        raise _unusable(stamp, f"the array {wrong[0]} is not of type {_EXPECTED[wrong[0]]}")
    try:
        tokens = msgspec.json.decode(arrays["tokens"].tobytes(), type=list[str])
        names = msgspec.json.decode(arrays["edge_names"].tobytes(), type=list[str])
        params = msgspec.convert(artifact.manifest.parameters.get("content", {}), type=ContentParams)
    except msgspec.MsgspecError as error:
        raise _unusable(stamp, str(error)) from error
    indptr = arrays["edge_indptr"].tolist()
    sizes = {len(tokens), *arrays["token_rarity"].shape, len(arrays["token_components"])}
    if len(sizes) != 1 or len(indptr) != len(names) + 1 or indptr[-1] != len(arrays["edges"]):
        raise _unusable(stamp, "the arrays of its projection do not fit together")
    edges = {name: arrays["edges"][indptr[row] : indptr[row + 1]] for row, name in enumerate(names)}
    vocabulary = Vocabulary(tokens=tokens, rarity=arrays["token_rarity"], edges=edges)
    return Projection(vocabulary=vocabulary, components=arrays["token_components"], params=params)


def _encode(texts: list[str]) -> np.ndarray:
    return np.frombuffer(msgspec.json.encode(texts), dtype=np.uint8)


def _unusable(stamp: str, reason: str) -> BadArtifact:
    return BadArtifact(f"The model {stamp} cannot embed items: {reason}.", code="bad_artifact", stamp=stamp)
