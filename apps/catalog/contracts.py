"""What: plain data that crosses the face of catalog. Struct fields are the wire format of `/v1/items` as well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import numpy as np

from specrec.kernel import wire

ItemType = Literal[
    "frame", "sunglasses", "contact_lens", "lens_option", "solution", "accessory", "hearing", "service", "generic"
]
Amount = Decimal  # 0 to 1,000,000 with at most three decimals; checked by the face (msgspec bounds no decimals)
Count = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
Version = Annotated[int, msgspec.Meta(ge=0, le=9_007_199_254_740_991)]
Localized = dict[wire.Locale, wire.Line]
LocalizedText = dict[wire.Locale, wire.Text]
Cursor = Annotated[str, msgspec.Meta(max_length=1_000)]  # an id of 128 characters may be 700 of them
Time = Annotated[datetime, msgspec.Meta(tz=True)]  # RFC 3339 with an offset

MAX_IMPORT_BYTES = 64 * 1024 * 1024


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all inputs: unknown fields are refused, so that a typing error is never silently lost."""


class PriceInput(Strict, frozen=True):
    """A price of one SKU. `store_id` empty means everywhere; `valid_until` is exclusive and open when absent."""

    amount: Amount
    currency: wire.Currency
    store_id: wire.Id | None = None
    compare_at: Amount | None = None
    valid_from: Time | None = None
    valid_until: Time | None = None


class StockInput(Strict, frozen=True):
    """Pieces of one SKU at one store; `store_id` empty means the online warehouse."""

    on_hand: Count
    reserved: Count = 0
    store_id: wire.Id | None = None
    try_on_sample: bool = False


class VariantInput(Strict, frozen=True):
    """A sellable unit. `cost` (site currency, net) serves margin guards and never leaves the platform.

    `prices` and `stock` left out (or null) keep what is stored, because products, prices and stock often come from
    different systems; an empty list removes them.
    """

    sku: wire.Id
    gtin: wire.Id | None = None
    name: Localized = {}
    attributes: dict[str, Any] = {}
    image_urls: Annotated[list[wire.Url], msgspec.Meta(max_length=50)] = []
    cost: Amount | None = None
    prices: Annotated[list[PriceInput], msgspec.Meta(max_length=1_000)] | None = None
    stock: Annotated[list[StockInput], msgspec.Meta(max_length=10_000)] | None = None


class ItemInput(Strict, frozen=True):
    """A catalogue item with its variants, whole: what is left out is removed (prices and stock apart).

    `attributes` are those of the item type, see `conf`. `source_version`: an older or equal one than the stored one
    changes nothing; without it the write is always taken. An item belongs to the source that wrote it first.
    """

    item_id: wire.Id
    item_type: ItemType
    name: Localized
    variants: Annotated[list[VariantInput], msgspec.Meta(min_length=1, max_length=200)]
    description: LocalizedText = {}
    brand: wire.Line = ""
    category_ids: Annotated[list[wire.Id], msgspec.Meta(max_length=100)] = []
    attributes: dict[str, Any] = {}
    image_urls: Annotated[list[wire.Url], msgspec.Meta(max_length=50)] = []
    url: wire.Url | None = None
    published: bool = True
    stock_managed: bool = True
    released_at: Time | None = None
    source: wire.Word = "api"
    source_version: Version | None = None


class StockUpdate(Strict, frozen=True):
    """New stock of one SKU at one place. An older `updated_at` than the stored one changes nothing."""

    sku: wire.Id
    on_hand: Count
    reserved: Count = 0
    store_id: wire.Id | None = None
    try_on_sample: bool = False
    updated_at: Time | None = None


class PriceUpdate(Strict, frozen=True):
    """All prices of one SKU, replacing those it had. An older `updated_at` than the stored one changes nothing."""

    sku: wire.Id
    prices: Annotated[list[PriceInput], msgspec.Meta(max_length=1_000)]
    updated_at: Time | None = None


class StoreInput(Strict, frozen=True):
    store_id: wire.Id
    name: wire.Line
    time_zone: wire.Word | None = None
    address: wire.Line = ""
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None
    is_active: bool = True


class CategoryInput(Strict, frozen=True):
    category_id: wire.Id
    name: Localized
    parent_id: wire.Id | None = None
    position: Count = 0


class Price(msgspec.Struct, frozen=True):
    amount: Decimal
    currency: str
    store_id: str | None
    compare_at: Decimal | None
    valid_from: datetime | None
    valid_until: datetime | None


class Stock(msgspec.Struct, frozen=True):
    store_id: str | None
    on_hand: int
    reserved: int
    try_on_sample: bool
    updated_at: datetime


class Variant(msgspec.Struct, frozen=True):
    sku: str
    gtin: str | None
    name: dict[str, str]
    attributes: dict[str, Any]
    image_urls: list[str]
    prices: list[Price]
    stock: list[Stock]


class Item(msgspec.Struct, frozen=True):
    """A catalogue item as stored. `attributes` are those of its type (see `conf`); cost is not shown."""

    item_id: str
    item_type: str
    name: dict[str, str]
    description: dict[str, str]
    brand: str
    category_ids: Sequence[str]
    attributes: dict[str, Any]
    image_urls: list[str]
    url: str | None
    published: bool
    stock_managed: bool
    released_at: datetime
    updated_at: datetime
    source: str
    source_version: int | None
    variants: list[Variant]


@dataclass(frozen=True, slots=True)
class Depth:
    """How much of an item is read: its variants or none, and how many prices and stock levels of each (None: all)."""

    variants: bool = True
    prices: int | None = None
    stock: int | None = None


WHOLE = Depth()


class WriteResult(msgspec.Struct, frozen=True):
    """What became of one write: "created", "updated", "unchanged" (same or older version), "deleted"."""

    id: str
    status: Literal["created", "updated", "unchanged", "deleted"]


class ImportStatus(msgspec.Struct, frozen=True):
    """A bulk import; `state` is queued, running, done or failed.

    `lines_done` were taken (or changed nothing), `lines_failed` refused; both make `lines_total` at the end. Blank
    lines do not count.
    """

    import_id: UUID
    state: str
    lines_total: int
    lines_done: int
    lines_failed: int
    created_at: datetime
    finished_at: datetime | None
    message: str


class LineError(msgspec.Struct, frozen=True):
    """One refused line: 1-based number, item id where it could be read, code, field, message."""

    line: int
    item_id: str | None
    code: str
    field: str | None
    message: str


class ItemKey(Strict, frozen=True):
    """An item id as it stands in an address."""

    item_id: wire.Id


class PageQuery(Strict, frozen=True):
    """Which page of a list: `cursor` is the `next_cursor` of the page before."""

    cursor: Cursor | None = None
    limit: int | None = None


class ItemQuery(PageQuery, frozen=True):
    """Which items to list."""

    item_type: ItemType | None = None
    category_id: wire.Id | None = None
    published: bool | None = None


class EntryResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of the entry at `index` of a list. A refused one has code, field and message."""

    index: int
    status: Literal["created", "updated", "unchanged", "refused"]
    id: str | None = None
    code: str | None = None
    field: str | None = None
    message: str | None = None


class EntriesResult(msgspec.Struct, frozen=True):
    """The answer to a list: one result an entry, in order."""

    written: int
    unchanged: int
    refused: int
    results: list[EntryResult]


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be had at one place, by item row.

    variant: int32 [n_items], row of the best available variant, -1 where there is none
    price: float64 [n_items], in the site's currency, NaN where there is none
    available: bool [n_items], published, priced and in stock (or not stock-managed)
    """

    variant: np.ndarray
    price: np.ndarray
    available: np.ndarray


@dataclass(frozen=True, slots=True)
class AttributeColumn:
    """What items say in one attribute, by row.

    numbers: float64 [n], the number (1 and 0 for true and false), NaN where it is none or there are several
    indptr int32 [n + 1], codes int32: CSR of rows to `values`: the words that a row names, each once
    values: the words; "true" and "false" for flags, the shortest decimal form for the entries of a list of numbers
    """

    numbers: np.ndarray
    indptr: np.ndarray
    codes: np.ndarray
    values: Sequence[str]


@dataclass(frozen=True, slots=True)
class StorePrices:
    """The prices that hold at one store instead of the general ones.

    variants: int32 [k], ascending; amounts, compare_at: float64 [k], NaN in the latter where nothing is compared
    """

    variants: np.ndarray
    amounts: np.ndarray
    compare_at: np.ndarray


@dataclass(frozen=True, slots=True)
class ItemColumns:
    """The catalogue of a site as arrays; row r is one item. Immutable: a change makes other columns, see below.

    Loaded afresh, rows are in order of item id and deleted items are absent. Brought up to date, all rows stay where
    they are: new items follow at the end, and the row of a deleted item (or of one that needs more room for variants,
    and moved to the end) stays as unpublished, without prices, stock and an entry in `row_of`.

    base_id: names the numbering of the rows; fresh_rows: int32, ascending: those that changed since it began
    moved_rows: int32, ascending: those that differ from the columns which these were made from; where a store opens
    or closes, all that has stock there as well
    item_ids: texts [n]; row_of: item id -> row; `rows_of` asks for many. Texts may be decoded when they are read
    item_type: int8 [n], index into item_types
    brand: int32 [n], index into brands
    published: bool [n]
    stock_managed: bool [n]
    released_at: float64 [n], seconds since 1970 UTC
    category_indptr int32 [n + 1], category_indices int32: CSR of rows to categories, those above its own included
    variant_indptr: int32 [n + 1]: variants of row r are variant_indptr[r]:variant_indptr[r + 1]
    skus: texts [m]; price: float64 [m] (site currency, no store, valid at `built_at`; NaN where none)
    in_stock: bool [m] (online)
    compare_at: float64 [m], the price before, of the price that holds; NaN where none
    cost: float64 [m], net, site currency; NaN where unknown; it never leaves the platform
    store_price: store id -> StorePrices; store_stock: store id -> int32, ascending: the variants in stock there;
    `prices_at` and `in_stock_at` give them as whole columns
    store_ids: stores that are active (stock may name others)
    names, image_urls, urls: locale -> texts [n] / texts [n] / texts [n]
    attributes: [n] plain dictionaries (for content features; not read on the hot path)
    attribute_columns: name -> AttributeColumn, of the item and beneath it of its first variant; made on first use
    next_change: seconds since 1970 of the next price validity boundary, inf where none: rebuild then
    """

    site_id: str
    stamp: int
    built_at: float
    next_change: float
    currency: str
    locale: str
    item_ids: Sequence[str]
    row_of: Mapping[str, int]
    item_types: Sequence[str]
    item_type: np.ndarray
    brands: Sequence[str]
    brand: np.ndarray
    published: np.ndarray
    stock_managed: np.ndarray
    released_at: np.ndarray
    category_ids: list[str]
    category_indptr: np.ndarray
    category_indices: np.ndarray
    variant_indptr: np.ndarray
    skus: Sequence[str]
    price: np.ndarray
    in_stock: np.ndarray
    compare_at: np.ndarray
    cost: np.ndarray
    store_price: Mapping[str, StorePrices]
    store_stock: Mapping[str, np.ndarray]
    names: Mapping[str, Sequence[str]]
    descriptions: Mapping[str, Sequence[str]]
    image_urls: Sequence[str | None]
    urls: Sequence[str | None]
    attributes: Sequence[dict[str, Any]]
    attribute_columns: Mapping[str, AttributeColumn] = field(default_factory=dict)
    store_ids: frozenset[str] = frozenset()
    base_id: str = ""
    fresh_rows: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    moved_rows: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    ground: object = None  # what the catalogue keeps to bring them up to date

    def rows_of(self, item_ids: Sequence[str]) -> np.ndarray:
        """Return int32 [k]: the rows of the items, -1 where there is none."""
        find = self.row_of.get
        return np.fromiter((find(item_id, -1) for item_id in item_ids), np.int32, len(item_ids))

    def prices_at(self, store_id: str | None) -> tuple[np.ndarray, np.ndarray]:
        """Return float64 [m] twice, at the store or online: the price and what it is compared with. Read them only."""
        special = None if store_id is None else self.store_price.get(store_id)
        if special is None:
            return self.price, self.compare_at
        price, before = self.price.copy(), self.compare_at.copy()
        price[special.variants], before[special.variants] = special.amounts, special.compare_at
        return price, before

    def in_stock_at(self, store_id: str | None) -> np.ndarray:
        """Return bool [m]: whether the variant is in stock at the store, online where None. Read it only."""
        if store_id is None:
            return self.in_stock
        flags = np.zeros(len(self.skus), dtype=np.bool_)
        flags[self.store_stock.get(store_id, [])] = True
        return flags
