"""What next: the question and the answer, the wire format of `/v1/recommendations` and `/v1/pages` as well."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from apps.recommend.contracts.placements import MAX_LIMIT, FilterText
from specrec.kernel import wire

Channel = Literal["web", "mobile", "store", "email"]
MAX_SLOTS = 20
_Ids = Annotated[list[wire.Id], msgspec.Meta(max_length=50)]
_ManyIds = Annotated[list[wire.Id], msgspec.Meta(max_length=1_000)]
_Limit = Annotated[int, msgspec.Meta(ge=1, le=MAX_LIMIT)]


class ShopperInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is asking; with a publishable key only `anonymous_id` may be given."""

    anonymous_id: wire.Id | None = None
    customer_id: wire.Id | None = None


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who asks, and where: what all slots of a page have in common.

    `item_ids`: what the page is about (the product shown, the basket); `category_id`: the category it shows.
    `search`: the words that the shopper searched for.
    `history`: what the caller knows the shopper did, oldest first, added after the stored history; never kept.
    `profile`: "none" answers from context, stock and popularity only.
    `audiences`: groups that the caller says the shopper belongs to, for rules; no security boundary.
    `trace`: also say how the answer came about; needs a secret key.
    """

    shopper: ShopperInput = ShopperInput()
    item_ids: _Ids = []
    category_id: wire.Id | None = None
    search: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    history: Annotated[list[wire.Id], msgspec.Meta(max_length=500)] = []
    store_id: wire.Id | None = None
    channel: Channel = "web"
    locale: wire.Locale | None = None
    exclude_item_ids: _ManyIds = []
    profile: Literal["auto", "none"] = "auto"
    audiences: Annotated[list[wire.Id], msgspec.Meta(max_length=20)] = []
    trace: bool = False


class Request(Place, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One question: what should this shopper, in this place, see next?

    `filter`: in the filter language, what may be answered; `include_item_ids`: only these may.
    `only_in_stock_at`: only what this store has; prices stay those of `store_id`.
    """

    placement: wire.Id
    limit: _Limit | None = None
    filter: FilterText = ""
    include_item_ids: _ManyIds = []
    only_in_stock_at: wire.Id | None = None


class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A place on a page. `slot`: its name there, else that of the placement; `item_ids`: instead of the page's."""

    placement: wire.Id
    slot: wire.Id | None = None
    limit: _Limit | None = None
    item_ids: _Ids | None = None
    filter: FilterText = ""
    include_item_ids: _ManyIds = []
    only_in_stock_at: wire.Id | None = None


class PageRequest(Place, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All slots of a page at once: no item is in two of them, and placements of smaller `priority` choose first."""

    slots: Annotated[list[Slot], msgspec.Meta(min_length=1, max_length=MAX_SLOTS)]


class Reason(msgspec.Struct, frozen=True, gc=False):
    """Why an item is shown: a stable code and a sentence in the asked language; `item_id` is the item it refers to."""

    code: str
    text: str
    item_id: str | None = None


class RecommendedItem(msgspec.Struct, frozen=True, gc=False):
    """One place of the slate. `price` is in `currency`, at the asked store where it has its own price."""

    item_id: str
    sku: str
    position: int
    score: float
    name: str
    brand: str
    item_type: str
    price: str
    currency: str
    image_url: str | None
    url: str | None
    reasons: tuple[Reason, ...]


class Bundle(msgspec.Struct, frozen=True, gc=False):
    """What the items of a bundle cost together with the item that it is for; `item_ids` names all of them."""

    item_ids: tuple[str, ...]
    price: str
    currency: str


class Assignment(msgspec.Struct, frozen=True, gc=False):
    """An experiment that this shopper is part of, and on which side."""

    experiment: str
    variant: str


class Answer(msgspec.Struct, frozen=True):
    """The slate. `fallback` names the first strategy of the chain that had to fill in, None when none had to.

    `personalised` says whether anything about this shopper was used; `model` is the stamp of the model version that was
    loaded, None when there is none yet. `bundle` is there where the strategy is one of bundles and found one.
    """

    recommendation_id: UUID
    placement: str
    strategy: str
    items: tuple[RecommendedItem, ...]
    personalised: bool
    fallback: str | None
    model: str | None
    experiments: tuple[Assignment, ...] = ()
    bundle: Bundle | None = None
    trace: dict[str, Any] | None = None


class SlotAnswer(msgspec.Struct, frozen=True):
    """What one slot of a page shows; `error` in place of an answer where this slot alone was asked for wrongly."""

    slot: str
    answer: Answer | None
    error: dict[str, Any] | None = None


class PageAnswer(msgspec.Struct, frozen=True):
    """The slots of the page, in the order in which they were asked for."""

    page_id: UUID
    slots: tuple[SlotAnswer, ...]
