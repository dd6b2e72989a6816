"""Content vectors in the database, replaced as a whole: a search sees the old set or the new one, never a mixture."""

import struct
from collections.abc import Iterator

import numpy as np
from django.db import connection, transaction

from apps.recommend.models import EMBEDDING_SIZE, ItemVector
from apps.recommend.registry.loaded import decode_ids

_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + struct.pack(">ii", 0, 0)
_TRAILER = struct.pack(">h", -1)
_COLUMNS = ("site_id", "item_id", "model_stamp", "embedding", "item_type", "published")
_COPY = f"COPY recommend_itemvector ({', '.join(_COLUMNS)}) FROM STDIN (FORMAT BINARY)"
_CHUNK = 2_000


def replace_vectors(*, site_id: str, stamp: str, arrays: dict[str, np.ndarray]) -> int:
    """Replace the site's vectors by those of an artifact; return how many items have one."""
    rows = list(_rows(site_id, stamp, arrays))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 2))", [site_id])
        ItemVector.objects.filter(site_id=site_id).delete()
        with cursor.copy(_COPY) as copy:
            copy.write(_SIGNATURE)
            for start in range(0, len(rows), _CHUNK):
                copy.write(b"".join(rows[start : start + _CHUNK]))
            copy.write(_TRAILER)
    return len(rows)


def _rows(site_id: str, stamp: str, arrays: dict[str, np.ndarray]) -> Iterator[bytes]:
    """Yield each row in PostgreSQL's binary copy format; a vector of zeros is left out, as a cosine needs a length."""
    vectors = arrays["vectors"]
    head = struct.pack(">h", len(_COLUMNS)) + _field(site_id.encode())
    stamp_field = _field(stamp.encode())
    vector_head = struct.pack(">ihh", 4 + 4 * EMBEDDING_SIZE, EMBEDDING_SIZE, 0)
    encoded = vectors.astype(">f4")
    telling = vectors.any(axis=1)
    item_ids, kinds = decode_ids(arrays["item_ids"]), decode_ids(arrays["item_types"])
    for row in np.flatnonzero(telling).tolist():
        published = b"\x01" if arrays["published"][row] else b"\x00"
        yield b"".join((
            head, _field(item_ids[row].encode()), stamp_field, vector_head, encoded[row].tobytes(),
            _field(kinds[row].encode()), _field(published),
        ))  # fmt: skip


def _field(data: bytes) -> bytes:
    return struct.pack(">i", len(data)) + data
