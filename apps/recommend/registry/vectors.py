"""Content vectors in the database, a set for each model version; a search asks for the set of one stamp.

Filling the index takes seconds, and a transaction that writes for seconds would hold back every reader of the event
log. So sets are written and removed in pieces, each a transaction of its own, the new set before the old one goes. A
process that ends in between leaves nothing wrong: `training.embed` completes the set within a minute.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from apps.recommend.models import ItemVector
from apps.recommend.registry.artifacts import Arrays
from apps.recommend.registry.unpacked import decode_ids
from apps.recommend.selectors import find_promoted_stamp

CHUNK = 200  # about 0.1 s of filling the index
_WRITE = """
INSERT INTO recommend_itemvector (site_id, model_stamp, item_id, embedding, item_type, published)
SELECT %s, %s, item_id, embedding::vector, item_type, published
FROM unnest(%s::text[], %s::text[], %s::text[], %s::bool[]) AS given (item_id, embedding, item_type, published)
ON CONFLICT (site_id, model_stamp, item_id) DO NOTHING
"""
_DELETE = """
DELETE FROM recommend_itemvector WHERE id IN (
    SELECT id FROM recommend_itemvector WHERE site_id = %s AND model_stamp <> %s LIMIT %s)
"""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Items with their vectors, by row; a vector of zeros says that nothing is known of the item."""

    item_ids: list[str]
    item_types: list[str]
    published: NDArray[np.bool_]
    vectors: NDArray[np.float32]


def publish_vectors(*, site_id: str, stamp: str, arrays: Arrays) -> None:
    """Write the vectors of a promoted version and remove those of others; nothing when it is not promoted any more."""
    items = Embedded(
        item_ids=decode_ids(arrays["item_ids"]),
        item_types=decode_ids(arrays["item_types"]),
        published=arrays["published"],
        vectors=arrays["vectors"],
    )
    with one_writer(site_id):
        # Another version may have been promoted while we waited for its writer.
        if find_promoted_stamp(site_id=site_id) == stamp:
            write_vectors(site_id=site_id, stamp=stamp, items=items)
            remove_other_vectors(site_id=site_id, stamp=stamp)


def write_vectors(*, site_id: str, stamp: str, items: Embedded) -> int:
    """Add the vectors to the set in small transactions and return how many; vectors of zeros have no direction.

    An item that the set has keeps its vector.
    """
    telling = np.flatnonzero(items.vectors.any(axis=1))
    for start in range(0, len(telling), CHUNK):
        rows = telling[start : start + CHUNK].tolist()
        columns = (
            [items.item_ids[row] for row in rows],
            [_text(items.vectors[row]) for row in rows],
            [items.item_types[row] for row in rows],
            [bool(items.published[row]) for row in rows],
        )
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, [site_id, stamp, *columns])
    return len(telling)


def remove_other_vectors(*, site_id: str, stamp: str) -> None:
    """Remove the site's vectors of every other version in small transactions."""
    removed = CHUNK
    while removed == CHUNK:
        with connection.cursor() as cursor:
            cursor.execute(_DELETE, [site_id, stamp, CHUNK])
            removed = cursor.rowcount


def remove_vectors(*, site_id: str, stamp: str, item_ids: list[str]) -> None:
    """Remove the vectors of these items from the set in small transactions."""
    for start in range(0, len(item_ids), CHUNK):
        chunk = item_ids[start : start + CHUNK]
        ItemVector.objects.filter(site_id=site_id, model_stamp=stamp, item_id__in=chunk).delete()


def update_copies(*, site_id: str, stamp: str, item_ids: list[str], item_type: str, published: bool) -> None:
    """Set what is copied from the catalogue for these items, in small transactions; their vectors stay."""
    for start in range(0, len(item_ids), CHUNK):
        rows = ItemVector.objects.filter(
            site_id=site_id, model_stamp=stamp, item_id__in=item_ids[start : start + CHUNK]
        )
        rows.update(item_type=item_type, published=published)


def list_copies(*, site_id: str, stamp: str) -> dict[str, tuple[str, bool]]:
    """Return the items that have a vector in the set, each with its copies of item type and published."""
    rows = ItemVector.objects.filter(site_id=site_id, model_stamp=stamp)
    return {item: (kind, shown) for item, kind, shown in rows.values_list("item_id", "item_type", "published")}


@contextmanager
def one_writer(site_id: str) -> Iterator[None]:
    """Wait until nobody else writes vectors of the site, and keep others waiting; not within a transaction."""
    # A lock of the session: one of a transaction would need the long transaction that must not be.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 2))", [site_id])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 2))", [site_id])


def _text(vector: NDArray[np.float32]) -> str:
    return f"[{','.join(map(str, vector.tolist()))}]"
