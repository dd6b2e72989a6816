"""Reading stores and categories."""

from collections.abc import Mapping

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


def ancestry(category_id: str, parents: Mapping[str, str]) -> list[str]:
    """Return the category and those above it, upwards, to the top or to where a loop would begin."""
    chain = {category_id: None}
    above = parents.get(category_id, "")
    while above and above not in chain:
        chain[above] = None
        above = parents.get(above, "")
    return list(chain)


def find_below(*, site_id: str, category_id: str) -> list[str]:
    """Return the category and all below it; one that is only named by items has none."""
    children: dict[str, list[str]] = {}
    rows = Category.objects.filter(site_id=site_id).exclude(parent_id="")
    for child, parent in rows.values_list("category_id", "parent_id"):
        children.setdefault(parent, []).append(child)
    below = {category_id: None}
    left = [category_id]
    while left:
        fresh = [child for child in children.get(left.pop(), ()) if child not in below]
        below |= dict.fromkeys(fresh)
        left += fresh
    return list(below)


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
