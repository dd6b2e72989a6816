"""The rows of a site's catalogue, in seven statements of one snapshot."""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from apps.catalog.selectors import stamps

_ITEMS = """
    SELECT id, item_id, item_type, brand, published, stock_managed, extract(epoch FROM released_at)::float8,
           category_ids, name, description, image_urls[1], url, attributes
    FROM catalog_item WHERE site_id = %s AND deleted_at IS NULL ORDER BY item_id COLLATE "C"
"""
_VARIANTS = """
    SELECT v.id, v.item_id, v.sku, v.image_urls[1], CASE WHEN v.position = 0 THEN v.attributes END,
           v.cost::float8
    FROM catalog_variant v JOIN catalog_item i ON i.id = v.item_id
    WHERE v.site_id = %s AND i.deleted_at IS NULL ORDER BY i.item_id COLLATE "C", v.position, v.id
"""
# Of several valid prices the one that started last holds, then the lowest: later rows overwrite earlier ones.
_PRICES = """
    SELECT variant_id, store_id, amount::float8, compare_at::float8,
           coalesce(extract(epoch FROM valid_from)::float8, '-infinity'),
           coalesce(extract(epoch FROM valid_until)::float8, 'infinity')
    FROM catalog_price WHERE site_id = %s AND currency = %s ORDER BY valid_from NULLS FIRST, amount DESC
"""
# One row per place, its variants packed as big-endian integers: 600,000 rows of stock would be slow as tuples.
_STOCK = """
    SELECT store_id, string_agg(int8send(variant_id), ''::bytea)
    FROM catalog_stock s WHERE site_id = %(site)s AND on_hand > reserved AND NOT EXISTS (
        SELECT 1 FROM catalog_store c WHERE c.site_id = %(site)s AND c.store_id = s.store_id AND NOT c.is_active)
    GROUP BY store_id
"""
_CATEGORIES = "SELECT category_id, parent_id FROM catalog_category WHERE site_id = %s ORDER BY position, category_id"
_STORES = "SELECT store_id FROM catalog_store WHERE site_id = %s AND is_active"


# variant, store, amount, what it is compared with, from, until
PriceRow = tuple[int, str, float, float | None, float, float]


@dataclass(frozen=True, slots=True)
class Rows:
    """What the statements gave, unchanged."""

    stamp: int
    items: list[tuple[Any, ...]]
    variants: list[tuple[Any, ...]]
    prices: list[PriceRow]
    stock: list[tuple[Any, ...]]
    categories: list[tuple[Any, ...]]
    stores: list[tuple[Any, ...]]


def read_rows(site_id: str, currency: str) -> Rows:
    """Return all rows of the site as of one moment."""
    # One snapshot for all statements. Inside somebody's transaction (tests) it cannot be asked for any more.
    own = not connection.in_atomic_block
    with transaction.atomic() if own else nullcontext(), connection.cursor() as cursor:
        if own:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        results: list[list[tuple[Any, ...]]] = []
        stamp = stamps.get_stamp(site_id=site_id)
        for statement, arguments in (
            (_ITEMS, [site_id]),
            (_VARIANTS, [site_id]),
            (_PRICES, [site_id, currency]),
            (_STOCK, {"site": site_id}),
            (_CATEGORIES, [site_id]),
            (_STORES, [site_id]),
        ):
            cursor.execute(statement, arguments)
            results.append(cursor.fetchall())
    return Rows(stamp, *results)
