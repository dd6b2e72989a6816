"""What a base is: which files it has, how they are proved, and the names that its codes stand for."""

import hashlib
from pathlib import Path

import msgspec
from numpy.lib import format as npy

from specrec.kernel import wire
from specrec.kernel.errors import Problem

FORMAT = 1
MANIFEST = "manifest.json"
_PROVED = "proved.json"


class BadBase(Problem):
    """The stored base is incomplete or not what was written; it must not be used."""

    status = 500
    title = "Broken base of columns"


class FileEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the manifest says of one array."""

    dtype: str
    shape: list[int]
    sha256: str


class AttributeEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the facts of one attribute end in the files of all; they begin where those of the one before end."""

    name: str
    numbers: int
    words: int
    values: int


class StoreEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the rows of one store end in the file of all."""

    store_id: str
    end: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A base, its arrays apart."""

    format: int = FORMAT
    base_id: str
    site_id: str
    stamp: int
    built_at: float
    next_change: float | None
    currency: str
    locale: str
    item_types: list[str]
    category_ids: list[str]
    parents: dict[str, str]
    stores: dict[str, bool]
    stock: list[StoreEntry] = []
    prices: list[StoreEntry] = []
    attributes: list[AttributeEntry] = []
    names: list[str] = []
    descriptions: list[str] = []
    files: dict[str, FileEntry] = {}


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, completed by what proves the arrays of the folder."""
    files = {}
    for path in sorted(folder.glob("*.npy")):
        with path.open("rb") as handle:
            npy.read_magic(handle)
            shape, _, dtype = npy.read_array_header_1_0(handle)
        files[path.stem] = FileEntry(dtype.str, list(shape), digest_of(path))
    (folder / MANIFEST).write_bytes(wire.encode(msgspec.structs.replace(manifest, files=files)))


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest, whose files are what was written; raises BadBase.

    What was proved once on this machine, and has not been touched since, is not read again.
    """
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        if manifest.format != FORMAT:
            raise bad(folder, f"its format is {manifest.format}, this program reads {FORMAT}")
        seen = {name: _seen(folder / f"{name}.npy") for name in manifest.files}
        if _proved(folder) != seen:
            for name, entry in manifest.files.items():
                if digest_of(folder / f"{name}.npy") != entry.sha256:
                    raise bad(folder, f"the array {name} is not the one that was written (sha256 differs)")
            (folder / _PROVED).write_bytes(wire.encode(seen))
    except (OSError, msgspec.MsgspecError) as error:
        raise bad(folder, f"a part of it cannot be read ({type(error).__name__})") from error
    return manifest


def digest_of(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def bad(folder: Path, reason: str) -> BadBase:
    """Return what says that the base in the folder is not to be used."""
    return BadBase(f"The base {folder.name} cannot be opened: {reason}.", code="bad_base")


def _seen(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_ino, found.st_size, found.st_mtime_ns]


def _proved(folder: Path) -> dict[str, list[int]] | None:
    path = folder / _PROVED
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, list[int]])
    except msgspec.MsgspecError:  # half-written by another process: proved again
        return None
