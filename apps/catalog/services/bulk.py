"""Rows into tables: one JSON document a statement, whatever the number of rows.

Django's own bulk writing took two thirds of an import's time to build its statements; PostgreSQL unpacks the document
itself. Only these four tables are written so, and only here.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from apps.catalog.contracts import VariantInput
from apps.catalog.models import Price, Stock
from apps.catalog.services.rows import PriceRow, StockRow, price_row, stock_row
from specrec.kernel import wire

# Column name to type, as PostgreSQL reads it out of the document.
_ITEM_COLUMNS = {
    "item_id": "text",
    "item_type": "text",
    "name": "jsonb",
    "description": "jsonb",
    "brand": "text",
    "category_ids": "text[]",
    "attributes": "jsonb",
    "image_urls": "text[]",
    "url": "text",
    "published": "boolean",
    "stock_managed": "boolean",
    "released_at": "timestamptz",
    "created_at": "timestamptz",
    "updated_at": "timestamptz",
    "source": "text",
    "source_version": "bigint",
    "fingerprint": "text",
    "offers_fingerprint": "text",
    "deleted_at": "timestamptz",
}
_VARIANT_COLUMNS = {
    "item_id": "bigint",
    "sku": "text",
    "gtin": "text",
    "name": "jsonb",
    "attributes": "jsonb",
    "image_urls": "text[]",
    "cost": "numeric",
    "position": "integer",
    "prices_at": "timestamptz",
}
_PRICE_COLUMNS = {
    "variant_id": "bigint",
    "currency": "text",
    "store_id": "text",
    "amount": "numeric",
    "compare_at": "numeric",
    "valid_from": "timestamptz",
    "valid_until": "timestamptz",
}
_STOCK_COLUMNS = {
    "variant_id": "bigint",
    "store_id": "text",
    "on_hand": "integer",
    "reserved": "integer",
    "try_on_sample": "boolean",
    "updated_at": "timestamptz",
}


def save_items(site_id: str, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Insert or overwrite the items; return their keys by item id."""
    kept = ("created_at",)
    return _write(_statement("catalog_item", _ITEM_COLUMNS, unique=("site_id", "item_id"), kept=kept), site_id, rows)


def save_variants(site_id: str, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Insert or overwrite the variants; return their keys by SKU."""
    return _write(_statement("catalog_variant", _VARIANT_COLUMNS, unique=("site_id", "sku")), site_id, rows)


def save_stock(site_id: str, rows: Sequence[StockRow]) -> None:
    """Insert or overwrite stock levels by SKU and place."""
    _write(_statement("catalog_stock", _STOCK_COLUMNS, unique=("variant_id", "store_id")), site_id, rows)


def save_prices(site_id: str, variant_keys: Iterable[int], rows: Sequence[PriceRow]) -> None:
    """Replace all prices of these variants."""
    Price.objects.filter(variant_id__in=list(variant_keys)).delete()
    _write(_statement("catalog_price", _PRICE_COLUMNS), site_id, rows)


def replace_offers(site_id: str, variants: Sequence[tuple[int, VariantInput]], now: datetime) -> None:
    """Replace prices and stock of the variants whose input says something about them."""
    priced = [(key, given.prices) for key, given in variants if given.prices is not None]
    stocked = [(key, given.stock) for key, given in variants if given.stock is not None]
    prices = [price_row(key, price) for key, given in priced for price in given]
    save_prices(site_id, [key for key, _ in priced], prices)
    Stock.objects.filter(variant_id__in=[key for key, _ in stocked]).delete()
    save_stock(site_id, [stock_row(key, level, now) for key, given in stocked for level in given])


def _statement(
    table: str, columns: dict[str, str], *, unique: tuple[str, str] | None = None, kept: tuple[str, ...] = ()
) -> str:
    """Return the statement that writes a document of rows; all names in it are constants of this module."""
    names = ", ".join(columns)
    types = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    source = f"json_to_recordset(%s::json) AS given ({types})"
    insert = f"INSERT INTO {table} (site_id, {names}) SELECT %s, {names} FROM {source}"  # noqa: S608 - constants only
    if unique is None:
        return insert
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in (*unique, *kept))
    return f"{insert} ON CONFLICT ({', '.join(unique)}) DO UPDATE SET {changes} RETURNING {unique[1]}, id"


def _write(statement: str, site_id: str, rows: Sequence[Any]) -> dict[str, int]:
    if not rows:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(statement, [site_id, wire.encode(rows).decode()])
        return dict(cursor.fetchall()) if cursor.description else {}
