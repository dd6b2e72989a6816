"""Reading stores and categories."""

from apps.catalog import contracts
from apps.catalog.models import Category, Store
from apps.catalog.selectors.pages import page_of
from specrec.kernel.paging import Page


def list_stores(*, site_id: str, cursor: str | None, limit: int | None) -> Page[contracts.StoreInput]:
    """Return a page of stores in the order of their ids."""
    rows = Store.objects.filter(site_id=site_id).order_by("store_id")
    found, following = page_of(rows, "store_id", cursor, limit)
    return Page([_store(row) for row in found], following)


def list_categories(*, site_id: str, cursor: str | None, limit: int | None) -> Page[contracts.CategoryInput]:
    """Return a page of categories in the order of their ids."""
    rows = Category.objects.filter(site_id=site_id).order_by("category_id")
    found, following = page_of(rows, "category_id", cursor, limit)
    return Page([_category(row) for row in found], following)


def _store(row: Store) -> contracts.StoreInput:
    return contracts.StoreInput(
        store_id=row.store_id,
        name=row.name,
        time_zone=row.time_zone or None,
        address=row.address,
        latitude=row.latitude,
        longitude=row.longitude,
        is_active=row.is_active,
    )


def _category(row: Category) -> contracts.CategoryInput:
    return contracts.CategoryInput(
        category_id=row.category_id,
        name=row.name,
        parent_id=row.parent_id or None,
        position=row.position,
    )
