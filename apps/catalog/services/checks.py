"""What the wire types cannot say about an item: checked here, before any row is touched."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from apps.catalog.conf.checking import checked_item_attributes, checked_variant_attributes
from apps.catalog.contracts import ItemInput, LineError, PriceInput, StockInput
from specrec.kernel.crypto import sha256_hex
from specrec.kernel.errors import Invalid, Problem

MAX_AMOUNT = Decimal(1_000_000)
SMALLEST_STEP = Decimal("0.001")
MAX_LOCALES = 50
SHOWN = 40
CLOCK_SKEW = timedelta(minutes=5)
FIRST_YEAR = 1900
OPEN_YEAR = 9999  # many systems write "for ever" as the last day that a calendar knows
_ENCODER = msgspec.json.Encoder(order="deterministic", decimal_format="string")


@dataclass(frozen=True, slots=True)
class CheckedItem:
    """An input that may be written: attributes as they are stored, and the digests that tell a repeat from a change.

    `offers_fingerprint` is None when the input says nothing about prices and stock.
    """

    line: int
    item: ItemInput
    attributes: dict[str, Any]
    variant_attributes: tuple[dict[str, Any], ...]
    fingerprint: str
    offers_fingerprint: str | None


def check_item(line: int, item: ItemInput) -> CheckedItem:
    """Return the item as it may be written; raises Invalid that names the field."""
    check_localized(item.name, at="name")
    if len(item.description) > MAX_LOCALES:
        raise Invalid(f"At most {MAX_LOCALES} languages are accepted.", code="too_many", field="description")
    check_time(item.released_at, at="released_at")
    attributes = checked_item_attributes(item.item_type, item.attributes, at="attributes")
    skus: set[str] = set()
    variant_attributes = []
    for index, variant in enumerate(item.variants):
        at = f"variants[{index}]"
        if variant.sku in skus:
            raise Invalid(f"The SKU {variant.sku} is given twice.", code="duplicate_sku", field=f"{at}.sku")
        skus.add(variant.sku)
        variant_attributes.append(checked_variant_attributes(item.item_type, variant.attributes, at=f"{at}.attributes"))
        check_amount(variant.cost, at=f"{at}.cost")
        check_prices(variant.prices or (), at=f"{at}.prices")
        check_stock(variant.stock or (), at=f"{at}.stock")
    content, offers = _fingerprints(item)
    return CheckedItem(line, item, attributes, tuple(variant_attributes), content, offers)


def check_localized(texts: dict[str, str], *, at: str) -> None:
    """Raise Invalid unless there is a name in at least one language, and not absurdly many."""
    if not any(text.strip() for text in texts.values()):
        raise Invalid("A name in at least one language is needed.", code="missing_name", field=at)
    if len(texts) > MAX_LOCALES:
        raise Invalid(f"At most {MAX_LOCALES} languages are accepted.", code="too_many", field=at)


def check_prices(prices: Sequence[PriceInput], *, at: str) -> None:
    """Raise Invalid for an amount out of range, a validity that ends before it starts, or the same price twice."""
    seen = set()
    for index, price in enumerate(prices):
        here = f"{at}[{index}]"
        check_amount(price.amount, at=f"{here}.amount")
        check_amount(price.compare_at, at=f"{here}.compare_at")
        check_time(price.valid_from, at=f"{here}.valid_from")
        check_time(price.valid_until, at=f"{here}.valid_until", may_be_open=True)
        if price.valid_from and price.valid_until and price.valid_until <= price.valid_from:
            message = f"The price ends ({price.valid_until}) before it starts ({price.valid_from})."
            raise Invalid(message, code="validity_reversed", field=f"{here}.valid_until")
        key = (price.currency, price.store_id, price.valid_from, price.valid_until)
        if key in seen:
            message = "There is another price for the same currency, store and time."
            raise Invalid(message, code="duplicate_price", field=here)
        seen.add(key)


def check_stock(stock: Iterable[StockInput], *, at: str) -> None:
    """Raise Invalid when the same place is given twice."""
    seen = set()
    for index, entry in enumerate(stock):
        if entry.store_id in seen:
            message = f"Stock at {entry.store_id or 'the online warehouse'} is given twice."
            raise Invalid(message, code="duplicate_stock", field=f"{at}[{index}].store_id")
        seen.add(entry.store_id)


def check_amount(amount: Decimal | None, *, at: str) -> None:
    """Raise Invalid unless the amount is between 0 and a million with at most three decimals."""
    if amount is None:
        return
    if not amount.is_finite() or not 0 <= amount <= MAX_AMOUNT:
        message = f"The amount must be between 0 and {MAX_AMOUNT:,}, got {_short(amount)}."
        raise Invalid(message, code="out_of_range", field=at)
    if stored_amount(amount) != amount:
        message = f"At most three decimals are accepted, got {_short(amount)}."
        raise Invalid(message, code="too_precise", field=at)


def stored_amount(amount: Decimal) -> Decimal:
    """Return a checked amount as the database takes it: `0E-20000` equals 0, but is no number to PostgreSQL."""
    return amount.quantize(SMALLEST_STEP)


def _short(amount: Decimal) -> str:
    text = str(amount)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def check_time(moment: datetime | None, *, at: str, may_be_open: bool = False) -> None:
    """Raise Invalid for a time without an offset, or one that the database could not give back."""
    if moment is None:
        return
    if moment.tzinfo is None:
        raise Invalid("The time needs an offset, such as Z.", code="invalid_value", field=at)
    if moment.year < FIRST_YEAR or (moment.year >= OPEN_YEAR and not may_be_open):
        raise Invalid(f"The year {moment.year} is out of range.", code="out_of_range", field=at)


def check_updated_at(moment: datetime | None, *, now: datetime) -> None:
    """Raise Invalid for a time that would make later, true updates look old."""
    check_time(moment, at="updated_at")
    if moment is not None and moment > now + CLOCK_SKEW:
        raise Invalid("The time is more than five minutes ahead of ours.", code="in_future", field="updated_at")


def until_or_open(moment: datetime | None) -> datetime | None:
    """Return the end of a validity, None where the year says "for ever"."""
    return None if moment is not None and moment.year >= OPEN_YEAR else moment


def line_error(line: int, item_id: str | None, problem: Problem) -> LineError:
    """Return the problem as the entry of a report."""
    return LineError(line=line, item_id=item_id, code=problem.code, field=problem.field, message=problem.message)


def _fingerprints(item: ItemInput) -> tuple[str, str | None]:
    bare = [msgspec.structs.replace(variant, prices=None, stock=None) for variant in item.variants]
    content = sha256_hex(_ENCODER.encode(msgspec.structs.replace(item, variants=bare, source_version=None)))
    if all(variant.prices is None and variant.stock is None for variant in item.variants):
        return content, None
    offers = [(variant.sku, variant.prices, variant.stock) for variant in item.variants]
    return content, sha256_hex(_ENCODER.encode(offers))
