"""Lists of small writes as they arrive: each entry is decoded on its own, so that one bad entry spoils no other."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

import msgspec

from apps.catalog.contracts import (
    CategoryInput,
    EntriesResult,
    EntryResult,
    LineError,
    PriceUpdate,
    StockUpdate,
    StoreInput,
    WriteResult,
)
from apps.catalog.services import offers, places
from specrec.kernel import wire
from specrec.kernel.errors import Problem

T = TypeVar("T")
Outcome = WriteResult | LineError


def write_stock(*, site_id: str, entries: Sequence[msgspec.Raw], now: datetime) -> EntriesResult:
    """Decode and write stock levels."""
    return _write(entries, StockUpdate, lambda good: offers.update_stock(site_id=site_id, updates=good, now=now))


def write_prices(*, site_id: str, entries: Sequence[msgspec.Raw], now: datetime) -> EntriesResult:
    """Decode and write prices."""
    return _write(entries, PriceUpdate, lambda good: offers.update_prices(site_id=site_id, updates=good, now=now))


def write_stores(*, site_id: str, entries: Sequence[msgspec.Raw]) -> EntriesResult:
    """Decode and write stores."""
    return _write(entries, StoreInput, lambda good: places.upsert_stores(site_id=site_id, stores=good))


def write_categories(*, site_id: str, entries: Sequence[msgspec.Raw]) -> EntriesResult:
    """Decode and write categories."""
    return _write(entries, CategoryInput, lambda good: places.upsert_categories(site_id=site_id, categories=good))


def _write(entries: Sequence[msgspec.Raw], kind: type[T], write: Callable[[list[T]], list[Outcome]]) -> EntriesResult:
    results: dict[int, EntryResult] = {}
    good: list[T] = []
    places_of: list[int] = []
    for index, entry in enumerate(entries):
        try:
            good.append(wire.decode(bytes(entry), kind))
            places_of.append(index)
        except Problem as problem:
            results[index] = EntryResult(
                index=index, status="refused", code=problem.code, field=problem.field, message=problem.message
            )
    outcomes = write(good) if good else []
    results |= {index: _result(index, outcome) for index, outcome in zip(places_of, outcomes, strict=True)}
    ordered = [results[index] for index in range(len(entries))]
    count = partial(_count, ordered)
    return EntriesResult(
        written=count("created") + count("updated"),
        unchanged=count("unchanged"),
        refused=count("refused"),
        results=ordered,
    )


def _result(index: int, outcome: Outcome) -> EntryResult:
    if isinstance(outcome, LineError):
        return EntryResult(
            index=index, status="refused", code=outcome.code, field=outcome.field, message=outcome.message
        )
    if outcome.status == "deleted":
        message = "a list write deletes nothing"
        raise ValueError(message)
    return EntryResult(index=index, status=outcome.status, id=outcome.id)


def _count(results: Sequence[EntryResult], status: str) -> int:
    return sum(1 for result in results if result.status == status)
