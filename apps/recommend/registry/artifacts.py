"""Model artifacts: a folder of plain `.npy` arrays and a manifest that proves them. Never pickles.

The manifest is written last, so a half-written folder has none and is never loaded. Loading checks every file against
its sha256, dtype and shape before anything of it is used; the arrays are then mapped, not copied.
"""

import hashlib
import io
from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np

from specrec.kernel import blobs, wire
from specrec.kernel.errors import NotFound, Problem

FORMAT = 1
_MANIFEST = "manifest.json"
Arrays = dict[str, np.ndarray]


class BadArtifact(Problem):
    """The stored model is incomplete or not what was written; it must not be used."""

    status = 500
    title = "Broken model artifact"


class UnreadArtifact(BadArtifact):
    """A part of the stored model did not come from the store; it may be there at another time."""


class DamagedArtifact(BadArtifact):
    """A part of the stored model is not what was written; somebody may put a whole copy in its place."""


class ArrayEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the manifest says about one array."""

    dtype: str
    shape: list[int]
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a model is made of and where it comes from."""

    format: int
    site_id: str
    stamp: str
    recipe: str
    parameters: dict[str, Any]
    metrics: dict[str, float]
    data_from: str | None
    data_until: str | None
    arrays: dict[str, ArrayEntry]


class Artifact(msgspec.Struct, frozen=True):
    """A verified artifact."""

    manifest: Manifest
    arrays: Arrays


def write_artifact(*, manifest: Manifest, arrays: Arrays) -> None:
    """Store the arrays and then the manifest, completed by their dtypes, shapes and sha256."""
    entries: dict[str, ArrayEntry] = {}
    for name, array in arrays.items():
        data = _to_npy(array)
        blobs.put(_key(manifest.site_id, manifest.stamp, f"{name}.npy"), data)
        entries[name] = ArrayEntry(
            dtype=array.dtype.str, shape=list(array.shape), sha256=hashlib.sha256(data).hexdigest()
        )
    complete = msgspec.structs.replace(manifest, format=FORMAT, arrays=entries)
    blobs.put(_key(manifest.site_id, manifest.stamp, _MANIFEST), wire.encode(complete))


def read_artifact(
    *, site_id: str, stamp: str, names: Iterable[str] | None = None, beside: Iterable[str] = ()
) -> Artifact:
    """Return the arrays, memory-mapped and verified; raises BadArtifact (UnreadArtifact where trying again may help),
    and then nothing of it was used.

    `names`: read only these, which must be there; without it all that the manifest names. `beside`: these as well,
    where it names them.
    """
    manifest = _read_manifest(site_id, stamp)
    chosen = list(manifest.arrays if names is None else names)
    missing = [name for name in chosen if name not in manifest.arrays]
    if missing:
        raise _bad(stamp, f"it was written without the array {missing[0]}")
    chosen += [name for name in beside if name in manifest.arrays and name not in chosen]
    arrays = {name: _read_array(site_id, stamp, name, manifest.arrays[name]) for name in chosen}
    return Artifact(manifest=manifest, arrays=arrays)


def delete_artifact(*, site_id: str, stamp: str) -> None:
    """Remove the artifact, manifest first, so that a reader never sees a manifest without its arrays."""
    blobs.delete(_key(site_id, stamp, _MANIFEST))
    blobs.delete(f"models/{site_id}/{stamp}")


def _key(site_id: str, stamp: str, name: str) -> str:
    return f"models/{site_id}/{stamp}/{name}"


def _to_npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def _read_manifest(site_id: str, stamp: str) -> Manifest:
    try:
        manifest = msgspec.json.decode(blobs.get(_key(site_id, stamp, _MANIFEST)), type=Manifest)
    except NotFound as error:
        raise _unread(stamp, "it has no manifest, so it is not there or was never completely written") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _unread(stamp, f"its manifest cannot be read: {error}") from error
    if manifest.format != FORMAT:
        raise _bad(stamp, f"its format is {manifest.format}, this program reads {FORMAT}")
    if (manifest.site_id, manifest.stamp) != (site_id, stamp):
        raise _bad(stamp, f"its manifest belongs to {manifest.site_id}/{manifest.stamp}")
    return manifest


def _read_array(site_id: str, stamp: str, name: str, entry: ArrayEntry) -> np.ndarray:
    path = blobs.path_of(_key(site_id, stamp, f"{name}.npy"))
    try:
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise _unread(stamp, f"the array {name} is missing") from error
    if digest != entry.sha256:
        reason = f"the array {name} is not the one that was written (sha256 differs)"
        raise DamagedArtifact(f"The model {stamp} cannot be loaded: {reason}.", code="bad_artifact", stamp=stamp)
    try:
        mapped = np.load(path, mmap_mode="r" if 0 not in entry.shape else None, allow_pickle=False)
    except OSError as error:
        raise _unread(stamp, f"the array {name} cannot be read: {error}") from error
    except (ValueError, EOFError) as error:
        raise _bad(stamp, f"the array {name} cannot be read: {error}") from error
    if mapped.dtype.str != entry.dtype or list(mapped.shape) != entry.shape:
        raise _bad(stamp, f"the array {name} is {mapped.dtype.str} {mapped.shape}, the manifest says otherwise")
    return np.asarray(mapped).view(np.ndarray)


def _unread(stamp: str, reason: str) -> UnreadArtifact:
    return UnreadArtifact(f"The model {stamp} cannot be loaded: {reason}.", code="bad_artifact", stamp=stamp)


def _bad(stamp: str, reason: str) -> BadArtifact:
    return BadArtifact(f"The model {stamp} cannot be loaded: {reason}.", code="bad_artifact", stamp=stamp)
