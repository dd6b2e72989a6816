"""Writing stores and categories: the good ones are taken, the same again changes nothing."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal
from zoneinfo import available_timezones

from apps.catalog.contracts import CategoryInput, LineError, StoreInput, WriteResult
from apps.catalog.models import Category, Store
from apps.catalog.services.checks import check_localized, line_error
from apps.catalog.services.refusals import write_apart
from apps.catalog.services.stamp import writing
from specrec.kernel.errors import Conflict, Invalid, Problem

Outcome = WriteResult | LineError
_STORE_FIELDS = ("name", "time_zone", "address", "latitude", "longitude", "is_active")
_CATEGORY_FIELDS = ("name", "parent_id", "position")


def upsert_stores(*, site_id: str, stores: Sequence[StoreInput]) -> list[Outcome]:
    """Write the stores and say what became of each, in order."""
    return write_apart(stores, lambda part: _upsert_stores(site_id, part), id_of=lambda store: store.store_id)


def _upsert_stores(site_id: str, stores: Sequence[StoreInput]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with writing(site_id) as change:
        wanted = [store.store_id for store in stores]
        known = {row.store_id: row for row in Store.objects.filter(site_id=site_id, store_id__in=wanted)}
        changed: dict[str, Store] = {}
        for line, store in enumerate(stores, start=1):
            try:
                check_store(store)
            except Problem as problem:
                outcomes.append(line_error(line, store.store_id, problem))
                continue
            before, after = known.get(store.store_id), _store_row(site_id, store)
            status = _status(before, after, _STORE_FIELDS)
            outcomes.append(WriteResult(id=store.store_id, status=status))
            if status != "unchanged":
                known[store.store_id] = changed[store.store_id] = after
        Store.objects.bulk_create(
            changed.values(),
            update_conflicts=True,
            unique_fields=["site_id", "store_id"],
            update_fields=list(_STORE_FIELDS),
        )
        change.places = bool(changed)
    return outcomes


def upsert_categories(*, site_id: str, categories: Sequence[CategoryInput]) -> list[Outcome]:
    """Write the categories and say what became of each, in order; a parent may come later, a cycle is refused."""
    return write_apart(
        categories, lambda part: _upsert_categories(site_id, part), id_of=lambda category: category.category_id
    )


def _upsert_categories(site_id: str, categories: Sequence[CategoryInput]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with writing(site_id) as change:
        known = {row.category_id: row for row in Category.objects.filter(site_id=site_id)}
        parents = {row.category_id: row.parent_id for row in known.values()}
        changed: dict[str, Category] = {}
        for line, category in enumerate(categories, start=1):
            try:
                check_category(category, parents)
            except Problem as problem:
                outcomes.append(line_error(line, category.category_id, problem))
                continue
            before, after = known.get(category.category_id), _category_row(site_id, category)
            status = _status(before, after, _CATEGORY_FIELDS)
            outcomes.append(WriteResult(id=category.category_id, status=status))
            if status != "unchanged":
                known[category.category_id] = changed[category.category_id] = after
                parents[category.category_id] = after.parent_id
        Category.objects.bulk_create(
            changed.values(),
            update_conflicts=True,
            unique_fields=["site_id", "category_id"],
            update_fields=list(_CATEGORY_FIELDS),
        )
        change.places = bool(changed)
    return outcomes


def _store_row(site_id: str, store: StoreInput) -> Store:
    return Store(
        site_id=site_id,
        store_id=store.store_id,
        name=store.name,
        time_zone=store.time_zone or "",
        address=store.address,
        latitude=store.latitude,
        longitude=store.longitude,
        is_active=store.is_active,
    )


def _category_row(site_id: str, category: CategoryInput) -> Category:
    return Category(
        site_id=site_id,
        category_id=category.category_id,
        name=category.name,
        parent_id=category.parent_id or "",
        position=category.position,
    )


def _status(before: object, after: object, fields: Sequence[str]) -> Literal["created", "updated", "unchanged"]:
    if before is None:
        return "created"
    same = all(getattr(before, name) == getattr(after, name) for name in fields)
    return "unchanged" if same else "updated"


@cache
def _time_zones() -> set[str]:
    return available_timezones()


def check_store(store: StoreInput) -> None:
    """Raise Invalid for a time zone that does not exist."""
    if store.time_zone and store.time_zone not in _time_zones():
        message = f"{store.time_zone} is not an IANA time zone, such as Europe/London."
        raise Invalid(message, code="unknown_time_zone", field="time_zone")


def check_category(category: CategoryInput, parents: Mapping[str, str]) -> None:
    """Raise Invalid without a name, Conflict where it would be below itself; `parents` are those that are stored."""
    check_localized(category.name, at="name")
    above, steps = category.parent_id or "", 0
    while above and steps <= len(parents):
        if above == category.category_id:
            message = f"The category {category.category_id} would be below itself."
            raise Conflict(message, code="category_cycle", field="parent_id")
        above, steps = parents.get(above, ""), steps + 1
