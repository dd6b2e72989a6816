"""Artifacts, imports and exports as named bytes. The embedded twin is a folder; a key is a relative path."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from specrec.kernel.errors import NotFound


def path_of(key: str) -> Path:
    """Return where the key lives; raises ValueError when the key would leave the store."""
    root = Path(settings.BLOBS_DIR).resolve()
    path = (root / key).resolve()
    if not path.is_relative_to(root) or path == root:
        message = f"blob key {key!r} leaves the store"
        raise ValueError(message)
    return path


def put(key: str, data: bytes) -> None:
    """Write the bytes so that a reader sees all of them or none, also after a crash."""
    path = path_of(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
    Path(handle.name).replace(path)


def put_folder(key: str, folder: Path) -> None:
    """Move a folder of files into the store; a reader sees all of it or none, also after a crash.

    The folder must lie where `scratch` made it; a key that is there already is not replaced: FileExistsError.
    """
    path = path_of(key)
    if path.exists():
        raise FileExistsError(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    for file in (*folder.iterdir(), folder):
        _flush(file)
    folder.rename(path)
    _flush(path.parent)


@contextmanager
def scratch(key: str) -> Iterator[Path]:
    """Open an empty folder beside the key to be filled; what is not moved away from it is gone at the end."""
    root = path_of(key).parent
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".", ignore_cleanup_errors=True) as name:
        folder = Path(name) / "new"
        folder.mkdir()
        yield folder


def list_keys(prefix: str) -> list[str]:
    """Return the names directly below a key, in order; none where there is nothing."""
    path = path_of(prefix)
    return sorted(found.name for found in path.iterdir() if not found.name.startswith(".")) if path.is_dir() else []


def get(key: str) -> bytes:
    """Return the bytes; raises NotFound."""
    try:
        return path_of(key).read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"There is no stored file {key}.", code="blob_not_found") from error


def exists(key: str) -> bool:
    """Return whether the key is there."""
    return path_of(key).exists()


def delete(prefix: str) -> None:
    """Remove a key, or everything below it; it is no error when there is nothing."""
    path = path_of(prefix)
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
