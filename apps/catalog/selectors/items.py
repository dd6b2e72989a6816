"""Reading items: a constant number of statements per page, however many items it has."""

from collections.abc import Sequence

from django.db.models import QuerySet

from apps.catalog import contracts
from apps.catalog.contracts import Depth
from apps.catalog.models import Item
from apps.catalog.selectors.pages import page_of
from apps.catalog.selectors.places import find_below
from apps.catalog.selectors.variants import find_variants
from specrec.kernel.paging import Page


def find_items(*, site_id: str, item_ids: Sequence[str], published_only: bool, depth: Depth) -> list[contracts.Item]:
    """Return the items that exist, in the order asked for."""
    found = _live(site_id).filter(item_id__in=item_ids)
    rows = {row.item_id: row for row in (found.filter(published=True) if published_only else found)}
    return _filled([rows[item_id] for item_id in dict.fromkeys(item_ids) if item_id in rows], depth)


def list_items(
    *,
    site_id: str,
    cursor: str | None,
    limit: int | None,
    item_type: str | None,
    category_id: str | None,
    published: bool | None,
    depth: Depth,
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
    return Page(_filled(found, depth), following)


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


def _filled(items: Sequence[Item], depth: Depth) -> list[contracts.Item]:
    variants = find_variants(item_keys=[row.pk for row in items], depth=depth)
    return [_item(row, variants.get(row.pk, [])) for row in items]


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
