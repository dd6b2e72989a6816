"""Reading what belongs to items: a statement each for variants, prices and stock, none for what is not asked for."""

from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber

from apps.catalog.contracts import Depth, Price, Stock, Variant
from apps.catalog.models import Price as PriceTable
from apps.catalog.models import Stock as StockTable
from apps.catalog.models import Variant as VariantTable

_CENT = Decimal("0.01")
_PRICE = ("variant_id", "amount", "currency", "store_id", "compare_at", "valid_from", "valid_until")
_STOCK = ("variant_id", "store_id", "on_hand", "reserved", "try_on_sample", "updated_at")


def find_variants(*, item_keys: list[int], depth: Depth) -> dict[int, list[Variant]]:
    """Return the variants by the key of their item, in their order, with as many prices and levels as asked for."""
    found: dict[int, list[Variant]] = {}
    if not depth.variants or not item_keys:
        return found
    prices, stock = _prices(item_keys, depth.prices), _stock(item_keys, depth.stock)
    for row in VariantTable.objects.filter(item_id__in=item_keys).order_by("position", "pk"):
        variant = Variant(
            sku=row.sku,
            gtin=row.gtin or None,
            name=row.name,
            attributes=row.attributes,
            image_urls=row.image_urls,
            prices=prices.get(row.pk, []),
            stock=stock.get(row.pk, []),
        )
        found.setdefault(row.item_id, []).append(variant)
    return found


def _prices(item_keys: list[int], most: int | None) -> dict[int, list[Price]]:
    found: dict[int, list[Price]] = {}
    if most == 0:
        return found
    order = ("currency", "store_id", "valid_from", "pk")
    rows = _first(PriceTable.objects.filter(variant__item_id__in=item_keys), order, most)
    for key, amount, currency, store_id, compare_at, valid_from, valid_until in rows.values_list(*_PRICE):
        before = None if compare_at is None else _short(compare_at)
        price = Price(_short(amount), currency, store_id or None, before, valid_from, valid_until)
        found.setdefault(key, []).append(price)
    return found


def _stock(item_keys: list[int], most: int | None) -> dict[int, list[Stock]]:
    found: dict[int, list[Stock]] = {}
    if most == 0:
        return found
    rows = _first(StockTable.objects.filter(variant__item_id__in=item_keys), ("store_id",), most)
    for key, store_id, on_hand, reserved, try_on_sample, updated_at in rows.values_list(*_STOCK):
        found.setdefault(key, []).append(Stock(store_id or None, on_hand, reserved, try_on_sample, updated_at))
    return found


def _first(rows: QuerySet[Any], order: tuple[str, ...], most: int | None) -> QuerySet[Any]:
    """Return the rows in this order, only the first so many of each variant."""
    rows = rows.order_by(*order)
    if most is None:
        return rows
    place = Window(RowNumber(), partition_by=F("variant_id"), order_by=[F(name).asc() for name in order])
    first: QuerySet[Any] = rows.alias(place=place).filter(place__lte=most)
    return first


def _short(amount: Decimal) -> Decimal:
    """Return the amount with two decimals, or three where the third says something."""
    cents = amount.quantize(_CENT)
    return cents if cents == amount else amount
