"""Bodies and queries of the doors that nothing else reads."""

from typing import Annotated

import msgspec

from apps.catalog.contracts import Strict, Version
from specrec.kernel import wire

MAX_ENTRIES = 5_000
MAX_ENTRIES_BYTES = 8 * 1024 * 1024


class DeleteQuery(Strict, frozen=True):
    """What a delete must find: `source` that of the item, `source_version` no older than the stored one."""

    source: wire.Word | None = None
    source_version: Version | None = None


class StockEntries(Strict, frozen=True):
    """Body of `/v1/stock`; each entry is checked on its own."""

    stock: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=MAX_ENTRIES)]


class PriceEntries(Strict, frozen=True):
    """Body of `/v1/prices`."""

    prices: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=MAX_ENTRIES)]


class StoreEntries(Strict, frozen=True):
    """Body of `/v1/stores`."""

    stores: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=MAX_ENTRIES)]


class CategoryEntries(Strict, frozen=True):
    """Body of `/v1/categories`."""

    categories: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=MAX_ENTRIES)]


class FilterQuestion(Strict, frozen=True):
    """Body of `/v1/filters/check`; `store_id`: as it is at this store, else online."""

    filter: Annotated[str, msgspec.Meta(max_length=2_000)]
    store_id: wire.Id | None = None
