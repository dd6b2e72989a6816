"""The rows of a site's catalogue, all or those of some items, as of one moment; and which items changed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

_ITEMS = """
    SELECT id, item_id, item_type, brand, published, stock_managed, extract(epoch FROM released_at)::float8,
           category_ids, name, description, image_urls[1], url, attributes
    FROM catalog_item WHERE site_id = %(site)s AND deleted_at IS NULL
        AND (%(keys)s::bigint[] IS NULL OR id = ANY(%(keys)s::bigint[]))
    ORDER BY item_id COLLATE "C"
"""
_VARIANTS = """
    SELECT v.id, v.item_id, v.sku, v.image_urls[1], CASE WHEN v.position = 0 THEN v.attributes END,
           v.cost::float8
    FROM catalog_variant v JOIN catalog_item i ON i.id = v.item_id
    WHERE v.site_id = %(site)s AND i.deleted_at IS NULL
        AND (%(keys)s::bigint[] IS NULL OR v.item_id = ANY(%(keys)s::bigint[]))
    ORDER BY i.item_id COLLATE "C", v.position, v.id
"""
# Of several valid prices the one that started last holds, then the lowest: later rows overwrite earlier ones.
_PRICES = """
    SELECT variant_id, store_id, amount::float8, compare_at::float8,
           coalesce(extract(epoch FROM valid_from)::float8, '-infinity'),
           coalesce(extract(epoch FROM valid_until)::float8, 'infinity')
    FROM catalog_price WHERE site_id = %(site)s AND currency = %(currency)s
        AND (%(keys)s::bigint[] IS NULL OR variant_id = ANY(ARRAY(
            SELECT id FROM catalog_variant WHERE item_id = ANY(%(keys)s::bigint[]))))
    ORDER BY valid_from NULLS FIRST, amount DESC
"""
# One row per place, its variants packed as big-endian integers: 600,000 rows of stock would be slow as tuples.
_STOCK = """
    SELECT store_id, string_agg(int8send(variant_id), ''::bytea)
    FROM catalog_stock WHERE site_id = %(site)s AND on_hand > reserved
        AND (%(keys)s::bigint[] IS NULL OR variant_id = ANY(ARRAY(
            SELECT id FROM catalog_variant WHERE item_id = ANY(%(keys)s::bigint[]))))
    GROUP BY store_id
"""
_CATEGORIES = "SELECT category_id, parent_id FROM catalog_category WHERE site_id = %s ORDER BY position, category_id"
_STORES = "SELECT store_id, is_active FROM catalog_store WHERE site_id = %s"
_BOUNDARIES = """
    SELECT extract(epoch FROM least(
        (SELECT min(valid_from) FROM catalog_price
         WHERE site_id = %(site)s AND currency = %(currency)s AND valid_from > to_timestamp(%(now)s)),
        (SELECT min(valid_until) FROM catalog_price
         WHERE site_id = %(site)s AND currency = %(currency)s AND valid_until > to_timestamp(%(now)s))
    ))::float8
"""
# variant, store, amount, what it is compared with, from, until
PriceRow = tuple[int, str, float, float | None, float, float]


@dataclass(frozen=True, slots=True)
class Rows:
    """What the statements gave, unchanged."""

    items: list[tuple[Any, ...]]
    variants: list[tuple[Any, ...]]
    prices: list[PriceRow]
    stock: list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Places:
    """The categories in their order, each with the one above it, and the stores, open or closed."""

    parents: dict[str, str]
    stores: dict[str, bool]

    @property
    def closed(self) -> frozenset[str]:
        """The stores that are not open."""
        return frozenset(store for store, is_open in self.stores.items() if not is_open)


@contextmanager
def snapshot() -> Iterator[None]:
    """All statements within see one moment. Inside somebody's transaction (tests) that cannot be asked for any more."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def read_rows(site_id: str, currency: str, keys: Sequence[int] | None = None) -> Rows:
    """Return the rows of all items that are not deleted, or of those with these keys."""
    given = {"site": site_id, "currency": currency, "keys": None if keys is None else list(keys)}
    found = [select(statement, given) for statement in (_ITEMS, _VARIANTS, _PRICES, _STOCK)]
    return Rows(*found)


def read_places(site_id: str) -> Places:
    """Return categories and stores of the site."""
    return Places(dict(select(_CATEGORIES, [site_id])), dict(select(_STORES, [site_id])))


def read_next_change(site_id: str, currency: str, now: float) -> float:
    """Return when the next price begins or ends after now, seconds since 1970; inf where none does."""
    found = select(_BOUNDARIES, {"site": site_id, "currency": currency, "now": now})[0][0]
    return float("inf") if found is None else float(found)


def select(statement: str, given: Any) -> list[Any]:
    """Return the rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return list(cursor.fetchall())
