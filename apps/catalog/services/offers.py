"""Partial updates of stock and prices: by SKU, older news ignored, only changes written."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from apps.catalog.contracts import LineError, PriceUpdate, StockInput, StockUpdate, WriteResult
from apps.catalog.models import Item, Price, Stock, Variant
from apps.catalog.services import bulk, rows
from apps.catalog.services.checks import check_prices, check_updated_at, line_error
from apps.catalog.services.refusals import write_apart
from apps.catalog.services.stamp import writing
from specrec.kernel.errors import NotFound, Problem

Outcome = WriteResult | LineError
Level = Stock | rows.StockRow
Facts = tuple[object, ...]


def update_stock(*, site_id: str, updates: Sequence[StockUpdate], now: datetime) -> list[Outcome]:
    """Write each level that is newer than the stored one; the same numbers again are "unchanged"."""
    return write_apart(updates, lambda part: _update_stock(site_id, part, now), id_of=lambda _: None)


def update_prices(*, site_id: str, updates: Sequence[PriceUpdate], now: datetime) -> list[Outcome]:
    """Replace the prices of each SKU unless the stored ones are newer; the same prices again are "unchanged"."""
    return write_apart(updates, lambda part: _update_prices(site_id, part, now), id_of=lambda _: None)


def _update_stock(site_id: str, updates: Sequence[StockUpdate], now: datetime) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with writing(site_id) as change:
        variants = _find_variants(site_id, {update.sku for update in updates})
        levels: dict[tuple[int, str], Level] = _find_stock(
            variants.values(), {update.store_id or "" for update in updates}
        )
        touched: dict[tuple[int, str], rows.StockRow] = {}
        owners: set[int] = set()
        for line, update in enumerate(updates, start=1):
            try:
                check_updated_at(update.updated_at, now=now)
                variant = _variant(variants, update.sku)
            except Problem as problem:
                outcomes.append(line_error(line, None, problem))
                continue
            key = (variant.pk, update.store_id or "")
            before, after = levels.get(key), _stock_row(variant, update, now)
            status = _stock_status(before, after)
            outcomes.append(WriteResult(id=update.sku, status=status))
            if before is None or after.updated_at >= before.updated_at:
                levels[key] = touched[key] = after
            if status != "unchanged":
                owners.add(variant.item_id)
        bulk.save_stock(site_id, list(touched.values()))
        _forget_offers(owners)
        change.items.update(owners)
    return outcomes


def _update_prices(site_id: str, updates: Sequence[PriceUpdate], now: datetime) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with writing(site_id) as change:
        variants = _find_variants(site_id, {update.sku for update in updates})
        prices: dict[int, set[Facts]] = _find_prices(variants.values())
        changed: dict[int, list[rows.PriceRow]] = {}
        owners: set[int] = set()
        for line, update in enumerate(updates, start=1):
            try:
                check_updated_at(update.updated_at, now=now)
                check_prices(update.prices, at="prices")
                variant = _variant(variants, update.sku)
            except Problem as problem:
                outcomes.append(line_error(line, None, problem))
                continue
            at = update.updated_at or now
            after = [rows.price_row(variant.pk, price) for price in update.prices]
            is_newer = at >= variant.prices_at
            if is_newer:
                variant.prices_at = at
            if is_newer and _price_facts(after) != prices.get(variant.pk, set()):
                prices[variant.pk] = _price_facts(after)
                changed[variant.pk] = after
                owners.add(variant.item_id)
                outcomes.append(WriteResult(id=update.sku, status="updated"))
            else:
                outcomes.append(WriteResult(id=update.sku, status="unchanged"))
        Variant.objects.bulk_update(variants.values(), ["prices_at"], batch_size=1_000)
        bulk.save_prices(site_id, changed, [row for prices_of in changed.values() for row in prices_of])
        _forget_offers(owners)
        change.items.update(owners)
    return outcomes


def _find_variants(site_id: str, skus: set[str]) -> dict[str, Variant]:
    found = Variant.objects.filter(site_id=site_id, sku__in=skus).only("sku", "site_id", "item_id", "prices_at")
    return {row.sku: row for row in found}


def _find_stock(variants: Iterable[Variant], store_ids: set[str]) -> dict[tuple[int, str], Level]:
    found = Stock.objects.filter(variant_id__in=[row.pk for row in variants], store_id__in=store_ids)
    return {(row.variant_id, row.store_id): row for row in found}


def _find_prices(variants: Iterable[Variant]) -> dict[int, set[Facts]]:
    found: dict[int, set[Facts]] = {}
    for row in Price.objects.filter(variant_id__in=[row.pk for row in variants]):
        found.setdefault(row.variant_id, set()).update(_price_facts([row]))
    return found


def _variant(variants: dict[str, Variant], sku: str) -> Variant:
    try:
        return variants[sku]
    except KeyError as error:
        message = f"There is no SKU {sku}; send its item first."
        raise NotFound(message, code="sku_not_found", field="sku") from error


def _stock_row(variant: Variant, update: StockUpdate, now: datetime) -> rows.StockRow:
    level = StockInput(
        on_hand=update.on_hand,
        reserved=update.reserved,
        store_id=update.store_id,
        try_on_sample=update.try_on_sample,
    )
    return rows.stock_row(variant.pk, level, update.updated_at or now)


def _stock_status(before: Level | None, after: rows.StockRow) -> Literal["created", "updated", "unchanged"]:
    if before is None:
        return "created"
    if after.updated_at < before.updated_at or _stock_facts(before) == _stock_facts(after):
        return "unchanged"
    return "updated"


def _stock_facts(row: Level) -> Facts:
    return row.on_hand, row.reserved, row.try_on_sample


def _price_facts(prices: Iterable[Price | rows.PriceRow]) -> set[Facts]:
    return {(row.currency, row.store_id, row.amount, row.compare_at, row.valid_from, row.valid_until) for row in prices}


def _forget_offers(item_keys: set[int]) -> None:
    """Make the next whole write of these items count, since its prices and stock are no longer what is stored."""
    if item_keys:
        Item.objects.filter(pk__in=item_keys).update(offers_fingerprint="")
