"""Inputs as rows: what is stored of an item, its variants, prices and stock."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from apps.catalog.contracts import PriceInput, StockInput
from apps.catalog.models import Item
from apps.catalog.services.checks import CheckedItem, stored_amount, until_or_open

GUARDS = ("item_id", "source", "source_version", "deleted_at", "created_at", "fingerprint", "offers_fingerprint")


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
        "cost": None if variant.cost is None else stored_amount(variant.cost),
        "position": position,
        "prices_at": prices_at,
    }


def price_row(variant_key: int, price: PriceInput) -> PriceRow:
    """Return the row of a price."""
    return PriceRow(
        variant_id=variant_key,
        currency=price.currency,
        store_id=price.store_id or "",
        amount=stored_amount(price.amount),
        compare_at=None if price.compare_at is None else stored_amount(price.compare_at),
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
