"""Reading items: a constant number of statements per page, however many items it has."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.db.models import QuerySet

from apps.catalog import contracts
from apps.catalog.models import Item, Price, Stock, Variant
from apps.catalog.selectors.pages import page_of
from apps.catalog.selectors.places import find_below
from specrec.kernel.paging import Page

_CENT = Decimal("0.01")


def find_items(*, site_id: str, item_ids: Sequence[str], published_only: bool) -> list[contracts.Item]:
    """Return the items that exist, in the order asked for."""
    found = _live(site_id).filter(item_id__in=item_ids)
    rows = {row.item_id: row for row in (found.filter(published=True) if published_only else found)}
    return _whole([rows[item_id] for item_id in dict.fromkeys(item_ids) if item_id in rows])


def list_items(
    *,
    site_id: str,
    cursor: str | None,
    limit: int | None,
    item_type: str | None,
    category_id: str | None,
    published: bool | None,
) -> Page[contracts.Item]:
    """Return a page in the order of item ids; a cursor stays good when items come and go."""
    rows = _live(site_id).order_by("item_id")
    if item_type is not None:
        rows = rows.filter(item_type=item_type)
    if category_id is not None:
        rows = rows.filter(category_ids__overlap=find_below(site_id=site_id, category_id=category_id))
    if published is not None:
        rows = rows.filter(published=published)
    found, following = page_of(rows, "item_id", cursor, limit)
    return Page(_whole(found), following)


def localise(*, texts: dict[str, str], locales: Sequence[str]) -> str:
    """Return the text that fits the locales best, in their order."""
    for locale in locales:
        if locale in texts:
            return texts[locale]
        language = locale.partition("-")[0]
        for other, text in texts.items():
            if other.partition("-")[0] == language:
                return text
    return next(iter(texts.values()), "")


def _live(site_id: str) -> QuerySet[Item]:
    return Item.objects.filter(site_id=site_id, deleted_at__isnull=True)


def _whole(items: Sequence[Item]) -> list[contracts.Item]:
    """Return the items with all that belongs to them: three statements more."""
    variants = list(Variant.objects.filter(item_id__in=[row.pk for row in items]).order_by("position", "pk"))
    keys = [row.pk for row in variants]
    prices: dict[int, list[contracts.Price]] = {}
    for price in Price.objects.filter(variant_id__in=keys).order_by("currency", "store_id", "valid_from", "pk"):
        prices.setdefault(price.variant_id, []).append(_price(price))
    stock: dict[int, list[contracts.Stock]] = {}
    for level in Stock.objects.filter(variant_id__in=keys).order_by("store_id"):
        stock.setdefault(level.variant_id, []).append(_stock(level))
    by_item: dict[int, list[contracts.Variant]] = {}
    for row in variants:
        made = _variant(row, prices.get(row.pk, []), stock.get(row.pk, []))
        by_item.setdefault(row.item_id, []).append(made)
    return [_item(row, by_item.get(row.pk, [])) for row in items]


def _item(row: Item, variants: list[contracts.Variant]) -> contracts.Item:
    return contracts.Item(
        item_id=row.item_id,
        item_type=row.item_type,
        name=row.name,
        description=row.description,
        brand=row.brand,
        category_ids=row.category_ids,
        attributes=row.attributes,
        image_urls=row.image_urls,
        url=row.url or None,
        published=row.published,
        stock_managed=row.stock_managed,
        released_at=row.released_at,
        updated_at=row.updated_at,
        source=row.source,
        source_version=row.source_version,
        variants=variants,
    )


def _variant(row: Variant, prices: list[contracts.Price], stock: Iterable[contracts.Stock]) -> contracts.Variant:
    return contracts.Variant(
        sku=row.sku,
        gtin=row.gtin or None,
        name=row.name,
        attributes=row.attributes,
        image_urls=row.image_urls,
        prices=prices,
        stock=list(stock),
    )


def _price(row: Price) -> contracts.Price:
    return contracts.Price(
        amount=_short(row.amount),
        currency=row.currency,
        store_id=row.store_id or None,
        compare_at=None if row.compare_at is None else _short(row.compare_at),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )


def _short(amount: Decimal) -> Decimal:
    """Return the amount with two decimals, or three where the third says something."""
    cents = amount.quantize(_CENT)
    return cents if cents == amount else amount


def _stock(row: Stock) -> contracts.Stock:
    return contracts.Stock(
        store_id=row.store_id or None,
        on_hand=row.on_hand,
        reserved=row.reserved,
        try_on_sample=row.try_on_sample,
        updated_at=row.updated_at,
    )
