"""Inputs as rows, written in bulk: a constant number of statements however many items there are."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from apps.catalog.contracts import PriceInput, StockInput, VariantInput
from apps.catalog.models import Item, Price, Stock, Variant
from apps.catalog.services.checks import CheckedItem, until_or_open

GUARDS = ("item_id", "source", "source_version", "deleted_at", "created_at", "fingerprint", "offers_fingerprint")
BATCH = 1_000
_ITEM_FIELDS = (
    "item_type",
    "name",
    "description",
    "brand",
    "category_ids",
    "attributes",
    "image_urls",
    "url",
    "published",
    "stock_managed",
    "released_at",
    "updated_at",
    "deleted_at",
    "source",
    "source_version",
    "fingerprint",
    "offers_fingerprint",
)
_VARIANT_FIELDS = ("item", "gtin", "name", "attributes", "image_urls", "cost", "position", "prices_at")
_STOCK_FIELDS = ("on_hand", "reserved", "try_on_sample", "updated_at")


def item_row(site_id: str, checked: CheckedItem, before: Item | None, now: datetime) -> Item:
    """Return the row of an input; what is only known from the stored one (first seen, newest version) is kept."""
    item = checked.item
    version = item.source_version
    if version is None and before is not None and before.source == item.source:
        version = before.source_version
    created_at = before.created_at if before is not None else now
    return Item(
        site_id=site_id,
        item_id=item.item_id,
        item_type=item.item_type,
        name=item.name,
        description=item.description,
        brand=item.brand,
        category_ids=list(dict.fromkeys(item.category_ids)),
        attributes=checked.attributes,
        image_urls=item.image_urls,
        url=item.url or "",
        published=item.published,
        stock_managed=item.stock_managed,
        released_at=item.released_at or created_at,
        created_at=created_at,
        updated_at=now,
        source=item.source,
        source_version=version,
        fingerprint=checked.fingerprint,
        # Input without offers may still add or remove SKUs: the next one with offers must be written.
        offers_fingerprint=checked.offers_fingerprint or "",
    )


def variant_row(item: Item, variant: VariantInput, attributes: dict[str, object], position: int) -> Variant:
    """Return the row of a variant; the time of its prices is for the caller to set."""
    return Variant(
        site_id=item.site_id,
        item=item,
        sku=variant.sku,
        gtin=variant.gtin or "",
        name=variant.name,
        attributes=attributes,
        image_urls=variant.image_urls,
        cost=variant.cost,
        position=position,
    )


def price_row(variant: Variant, price: PriceInput) -> Price:
    """Return the row of a price."""
    return Price(
        site_id=variant.site_id,
        variant=variant,
        currency=price.currency,
        store_id=price.store_id or "",
        amount=price.amount,
        compare_at=price.compare_at,
        valid_from=price.valid_from,
        valid_until=until_or_open(price.valid_until),
    )


def stock_row(variant: Variant, stock: StockInput, updated_at: datetime) -> Stock:
    """Return the row of a stock level."""
    return Stock(
        site_id=variant.site_id,
        variant=variant,
        store_id=stock.store_id or "",
        on_hand=stock.on_hand,
        reserved=stock.reserved,
        try_on_sample=stock.try_on_sample,
        updated_at=updated_at,
    )


def save_items(items: Sequence[Item]) -> None:
    """Insert or overwrite the items; they know their keys afterwards."""
    Item.objects.bulk_create(
        items,
        update_conflicts=True,
        unique_fields=["site_id", "item_id"],
        update_fields=list(_ITEM_FIELDS),
        batch_size=BATCH,
    )


def save_variants(variants: Sequence[Variant]) -> None:
    """Insert or overwrite the variants; they know their keys afterwards."""
    Variant.objects.bulk_create(
        variants,
        update_conflicts=True,
        unique_fields=["site_id", "sku"],
        update_fields=list(_VARIANT_FIELDS),
        batch_size=BATCH,
    )


def save_stock(stock: Sequence[Stock]) -> None:
    """Insert or overwrite stock levels by SKU and place."""
    Stock.objects.bulk_create(
        stock,
        update_conflicts=True,
        unique_fields=["variant", "store_id"],
        update_fields=list(_STOCK_FIELDS),
        batch_size=BATCH,
    )


def replace_offers(variants: Iterable[tuple[Variant, VariantInput]], now: datetime) -> None:
    """Replace prices and stock of the variants whose input says something about them."""
    pairs = list(variants)
    priced = [(row, given.prices) for row, given in pairs if given.prices is not None]
    stocked = [(row, given.stock) for row, given in pairs if given.stock is not None]
    Price.objects.filter(variant_id__in=[row.pk for row, _ in priced]).delete()
    Stock.objects.filter(variant_id__in=[row.pk for row, _ in stocked]).delete()
    prices = [price_row(row, price) for row, given in priced for price in given]
    Price.objects.bulk_create(prices, batch_size=BATCH)
    levels = [stock_row(row, level, now) for row, given in stocked for level in given]
    Stock.objects.bulk_create(levels, batch_size=BATCH)
