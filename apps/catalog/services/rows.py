"""Inputs as rows, written in bulk: one JSON document a statement, whatever the number of rows.

Django's own bulk writing took two thirds of an import's time to build its statements; PostgreSQL unpacks the document
itself. Only these four tables are written so, and only here.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from django.db import connection

from apps.catalog.contracts import PriceInput, StockInput, VariantInput
from apps.catalog.models import Item, Price, Stock
from apps.catalog.services.checks import CheckedItem, until_or_open
from specrec.kernel import wire

GUARDS = ("item_id", "source", "source_version", "deleted_at", "created_at", "fingerprint", "offers_fingerprint")
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


class PriceRow(msgspec.Struct, frozen=True):
    """A price as it is stored."""

    variant_id: int
    currency: str
    store_id: str
    amount: Decimal
    compare_at: Decimal | None
    valid_from: datetime | None
    valid_until: datetime | None


class StockRow(msgspec.Struct, frozen=True):
    """A stock level as it is stored."""

    variant_id: int
    store_id: str
    on_hand: int
    reserved: int
    try_on_sample: bool
    updated_at: datetime


def item_row(checked: CheckedItem, before: Item | None, now: datetime) -> dict[str, Any]:
    """Return the row of an input; what is only known from the stored one (first seen, newest version) is kept."""
    item = checked.item
    version = item.source_version
    if version is None and before is not None and before.source == item.source:
        version = before.source_version
    created_at = before.created_at if before is not None else now
    return {
        "item_id": item.item_id,
        "item_type": item.item_type,
        "name": item.name,
        "description": item.description,
        "brand": item.brand,
        "category_ids": list(dict.fromkeys(item.category_ids)),
        "attributes": checked.attributes,
        "image_urls": item.image_urls,
        "url": item.url or "",
        "published": item.published,
        "stock_managed": item.stock_managed,
        "released_at": item.released_at or created_at,
        "created_at": created_at,
        "updated_at": now,
        "source": item.source,
        "source_version": version,
        "fingerprint": checked.fingerprint,
        # Input without offers may still add or remove SKUs: the next one with offers must be written.
        "offers_fingerprint": checked.offers_fingerprint or "",
    }


def variant_row(item_key: int, checked: CheckedItem, position: int, prices_at: datetime) -> dict[str, Any]:
    """Return the row of the variant at this place of the input."""
    variant = checked.item.variants[position]
    return {
        "item_id": item_key,
        "sku": variant.sku,
        "gtin": variant.gtin or "",
        "name": variant.name,
        "attributes": checked.variant_attributes[position],
        "image_urls": variant.image_urls,
        "cost": variant.cost,
        "position": position,
        "prices_at": prices_at,
    }


def price_row(variant_key: int, price: PriceInput) -> PriceRow:
    """Return the row of a price."""
    return PriceRow(
        variant_id=variant_key,
        currency=price.currency,
        store_id=price.store_id or "",
        amount=price.amount,
        compare_at=price.compare_at,
        valid_from=price.valid_from,
        valid_until=until_or_open(price.valid_until),
    )


def stock_row(variant_key: int, stock: StockInput, updated_at: datetime) -> StockRow:
    """Return the row of a stock level."""
    return StockRow(
        variant_id=variant_key,
        store_id=stock.store_id or "",
        on_hand=stock.on_hand,
        reserved=stock.reserved,
        try_on_sample=stock.try_on_sample,
        updated_at=updated_at,
    )


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
