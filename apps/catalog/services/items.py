"""Writing items whole: an older version never wins, a SKU has one owner, the same again changes nothing."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from apps.catalog.contracts import ItemInput, LineError, WriteResult
from apps.catalog.models import Item, Variant
from apps.catalog.services import bulk, rows
from apps.catalog.services.checks import CheckedItem, check_item, line_error
from apps.catalog.services.refusals import refusing, write_apart
from apps.catalog.services.stamp import Change, writing
from specrec.kernel.errors import Conflict, Invalid, NotFound, Problem

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
Outcome = WriteResult | LineError


@dataclass(slots=True)
class _Stored:
    """What the database holds about the items and SKUs of one wave; kept in step while its lines are decided."""

    items: dict[str, Item]
    owner: dict[str, str]
    skus: dict[str, set[str]]
    variants: dict[str, Variant]
    advanced: list[Item] = field(default_factory=list)


def upsert_items(*, site_id: str, items: Sequence[ItemInput], now: datetime) -> list[Outcome]:
    """Write the good items and report the others; the outcomes stand in the order of the input."""
    return write_apart(items, lambda part: _upsert(site_id, part, now), id_of=lambda item: item.item_id)


def upsert_item(*, site_id: str, item: ItemInput, now: datetime) -> WriteResult:
    """Write one item; raises Invalid or Conflict."""
    checked = check_item(1, item)
    with refusing(), writing(site_id) as change:
        outcome = _write_wave(site_id, [checked], now, change)[1]
        if isinstance(outcome, LineError):
            raise Conflict(outcome.message, code=outcome.code, field=outcome.field)
    return outcome


def delete_item(
    *, site_id: str, item_id: str, now: datetime, source: str | None = None, source_version: int | None = None
) -> WriteResult:
    """Turn the item into a tombstone and free its SKUs; an older version than the stored one deletes nothing.

    Raises NotFound for an item that never was, Conflict for one that belongs to another source than the given one.
    """
    with writing(site_id) as change:
        item = Item.objects.filter(site_id=site_id, item_id=item_id).first()
        if item is None:
            raise NotFound(f"There is no item {item_id}.", code="item_not_found", field="item_id")
        if source is not None and source != item.source:
            raise _source_conflict(item)
        known = item.source_version
        if item.deleted_at is not None or (source_version is not None and known is not None and source_version < known):
            return WriteResult(id=item_id, status="unchanged")
        item.deleted_at = item.updated_at = now
        item.fingerprint = item.offers_fingerprint = ""
        item.source_version = _newest(known, source_version)
        item.save()
        Variant.objects.filter(item=item).delete()
        change.items.add(item.pk)
    return WriteResult(id=item_id, status="deleted")


def _upsert(site_id: str, items: Sequence[ItemInput], now: datetime) -> list[Outcome]:
    outcomes: dict[int, Outcome] = {}
    good: list[CheckedItem] = []
    for line, item in enumerate(items, start=1):
        try:
            good.append(check_item(line, item))
        except Invalid as problem:
            outcomes[line] = line_error(line, item.item_id, problem)
    if good:
        with writing(site_id) as change:
            for wave in _waves(good):
                outcomes.update(_write_wave(site_id, wave, now, change))
    return [outcomes[line] for line in range(1, len(items) + 1)]


def _waves(good: Sequence[CheckedItem]) -> Iterator[list[CheckedItem]]:
    """Split where an item comes again, so that a later line sees what an earlier one wrote."""
    wave: list[CheckedItem] = []
    seen: set[str] = set()
    for checked in good:
        if checked.item.item_id in seen:
            yield wave
            wave, seen = [], set()
        wave.append(checked)
        seen.add(checked.item.item_id)
    yield wave


def _write_wave(site_id: str, wave: Sequence[CheckedItem], now: datetime, change: Change) -> dict[int, Outcome]:
    stored = _load(site_id, wave)
    outcomes: dict[int, Outcome] = {}
    accepted: list[CheckedItem] = []
    for checked in wave:
        try:
            outcome = _decide(checked, stored)
        except Problem as problem:
            outcomes[checked.line] = line_error(checked.line, checked.item.item_id, problem)
            continue
        outcomes[checked.line] = outcome
        if _is_change(outcome):
            accepted.append(checked)
            _take_skus(checked, stored)
    if stored.advanced:
        Item.objects.bulk_update(stored.advanced, ["source_version"])
    if accepted:
        change.items.update(_save(site_id, accepted, stored, now))
    return outcomes


def _load(site_id: str, wave: Sequence[CheckedItem]) -> _Stored:
    ids = [checked.item.item_id for checked in wave]
    wanted = [variant.sku for checked in wave for variant in checked.item.variants]
    items = {row.item_id: row for row in Item.objects.filter(site_id=site_id, item_id__in=ids).only(*rows.GUARDS)}
    of_items = Variant.objects.filter(item_id__in=[row.pk for row in items.values()])
    of_skus = Variant.objects.filter(site_id=site_id, sku__in=wanted)
    stored = _Stored(items=items, owner={}, skus={}, variants={})
    found = (of_items | of_skus).select_related("item").only("sku", "prices_at", "item__item_id")
    for variant in found:
        stored.variants[variant.sku] = variant
        stored.owner[variant.sku] = variant.item.item_id
        stored.skus.setdefault(variant.item.item_id, set()).add(variant.sku)
    return stored


def _decide(checked: CheckedItem, stored: _Stored) -> WriteResult:
    item, row = checked.item, stored.items.get(checked.item.item_id)
    live = row is not None and row.deleted_at is None
    if row is not None:
        if row.source != item.source:
            if live:
                raise _source_conflict(row)
        elif _is_older(item.source_version, row.source_version):
            return WriteResult(id=item.item_id, status="unchanged")
        if live and _is_same(checked, row):
            if item.source_version is not None:
                row.source_version = item.source_version
                stored.advanced.append(row)
            return WriteResult(id=item.item_id, status="unchanged")
    for index, variant in enumerate(item.variants):
        owner = stored.owner.get(variant.sku, item.item_id)
        if owner != item.item_id:
            message = f"The SKU {variant.sku} belongs to the item {owner}; take it away there first."
            raise Conflict(message, code="sku_conflict", field=f"variants[{index}].sku")
    return WriteResult(id=item.item_id, status="updated" if live else "created")


def _take_skus(checked: CheckedItem, stored: _Stored) -> None:
    item_id = checked.item.item_id
    for sku in stored.skus.get(item_id, ()):
        stored.owner.pop(sku, None)
    stored.skus[item_id] = {variant.sku for variant in checked.item.variants}
    stored.owner.update(dict.fromkeys(stored.skus[item_id], item_id))


def _save(site_id: str, accepted: Sequence[CheckedItem], stored: _Stored, now: datetime) -> Collection[int]:
    """Write the items with all that belongs to them; return their keys."""
    made = [rows.item_row(checked, stored.items.get(checked.item.item_id), now) for checked in accepted]
    keys = bulk.save_items(site_id, made)
    gone = {variant.pk for sku, variant in stored.variants.items() if stored.owner.get(sku) != variant.item.item_id}
    if gone:
        Variant.objects.filter(pk__in=gone).delete()
    variants = []
    for checked in accepted:
        for position, variant in enumerate(checked.item.variants):
            before = stored.variants.get(variant.sku)
            prices_at = before.prices_at if before is not None and before.pk not in gone else NEVER
            if variant.prices is not None:
                prices_at = now
            variants.append(rows.variant_row(keys[checked.item.item_id], checked, position, prices_at))
    variant_keys = bulk.save_variants(site_id, variants)
    given = [(variant_keys[variant.sku], variant) for checked in accepted for variant in checked.item.variants]
    bulk.replace_offers(site_id, given, now)
    return keys.values()


def _is_change(outcome: Outcome) -> bool:
    return isinstance(outcome, WriteResult) and outcome.status != "unchanged"


def _is_older(given: int | None, known: int | None) -> bool:
    return given is not None and known is not None and given <= known


def _is_same(checked: CheckedItem, row: Item) -> bool:
    same_offers = checked.offers_fingerprint in (None, row.offers_fingerprint)
    return same_offers and checked.fingerprint == row.fingerprint


def _newest(known: int | None, given: int | None) -> int | None:
    versions = [version for version in (known, given) if version is not None]
    return max(versions, default=None)


def _source_conflict(row: Item) -> Conflict:
    message = f"The item {row.item_id} belongs to the source {row.source!r}; only that source may change it."
    return Conflict(message, code="source_conflict", field="source")
