"""Artifacts, imports and exports as named bytes. The embedded twin is a folder; a key is a relative path."""

import os
import shutil
import tempfile
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
