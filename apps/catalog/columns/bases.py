"""Bases in the store: a folder each, and a name beside them that says which one is used."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from apps.catalog.columns.lay import ground_of
from apps.catalog.columns.manifest import BadBase, read_manifest
from apps.catalog.columns.mapped import map_base
from apps.catalog.contracts import ItemColumns
from specrec.kernel import blobs
from specrec.kernel.errors import NotFound

logger = logging.getLogger(__name__)

_CURRENT = "current"
_KEPT = 2  # a process that has read the name a moment ago still finds its base


def current_base(site_id: str) -> str | None:
    """Return the id of the base that is used, None where there is none."""
    try:
        return blobs.get(_key(site_id, _CURRENT)).decode()
    except NotFound:
        return None


def open_base(site_id: str) -> ItemColumns | None:
    """Return the columns of the base that is used; None where there is none, or none that can be trusted.

    Failure policy: log what is wrong with it, and go on as if there were none.
    """
    base_id = current_base(site_id)
    if base_id is None:
        return None
    try:
        columns = map_base(blobs.path_of(_key(site_id, base_id)))
    except BadBase as error:
        logger.error("site %s goes on without its base of columns: %s", site_id, error.message)  # noqa: TRY400 - said
        return None
    if (columns.site_id, ground_of(columns).folder) != (site_id, base_id):
        logger.error("the base %s of the site %s belongs to %s", base_id, site_id, columns.site_id)
        return None
    return columns


def base_stamp(site_id: str) -> int | None:
    """Return the stamp of the base that is used, None where there is none."""
    base_id = current_base(site_id)
    if base_id is None:
        return None
    try:
        return read_manifest(blobs.path_of(_key(site_id, base_id))).stamp
    except BadBase:
        return None


@contextmanager
def writing_base(site_id: str, base_id: str) -> Iterator[Path]:
    """Open a folder for a new base, which is used from the end on: written whole, or not at all."""
    key = _key(site_id, base_id)
    with blobs.scratch(key) as folder:
        yield folder
        blobs.put_folder(key, folder)
    before = current_base(site_id)
    blobs.put(_key(site_id, _CURRENT), base_id.encode())
    for name in blobs.list_keys(_key(site_id, "")):
        if name not in (_CURRENT, base_id, before):
            blobs.delete(_key(site_id, name))


def _key(site_id: str, name: str) -> str:
    return f"columns/{site_id}/{name}".rstrip("/")
