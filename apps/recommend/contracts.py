"""What next: plain data that crosses the face of recommend, and the wire format of `/v1/recommendations`."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from apps.catalog.contracts import ItemType
from specrec.kernel import wire

Strategy = Literal["for_you", "similar", "also_viewed", "popular", "recently_viewed", "new_in"]
Channel = Literal["web", "mobile", "store", "email"]
MAX_LIMIT = 100
MAX_PURCHASED_DAYS = 400  # so long a purchase is remembered (`conf.STATE_FOR`)


class ShopperInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is asking; with a publishable key only `anonymous_id` may be given."""

    anonymous_id: wire.Id | None = None
    customer_id: wire.Id | None = None


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One question: what should this shopper, in this place, see next?

    `item_ids`: what the page is about (the product shown, the basket).
    `history`: what the caller knows the shopper did, oldest first, added after the stored history; never kept.
    `profile`: "none" answers from context, stock and popularity only.
    """

    placement: wire.Id
    shopper: ShopperInput = ShopperInput()
    item_ids: Annotated[list[wire.Id], msgspec.Meta(max_length=50)] = []
    history: Annotated[list[wire.Id], msgspec.Meta(max_length=500)] = []
    store_id: wire.Id | None = None
    channel: Channel = "web"
    locale: wire.Locale | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_LIMIT)] | None = None
    exclude_item_ids: Annotated[list[wire.Id], msgspec.Meta(max_length=1_000)] = []
    profile: Literal["auto", "none"] = "auto"


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


class Answer(msgspec.Struct, frozen=True):
    """The slate. `fallback` names the first strategy of the chain that had to fill in, None when none had to.

    `personalised` says whether anything about this shopper was used; `model` is the stamp of the model version that was
    loaded, None when there is none yet.
    """

    recommendation_id: UUID
    placement: str
    strategy: str
    items: tuple[RecommendedItem, ...]
    personalised: bool
    fallback: str | None
    model: str | None


class PlacementInfo(msgspec.Struct, frozen=True):
    """A named slot configuration of a site."""

    placement: str
    title: str
    strategy: str
    size: int
    item_types: tuple[str, ...] = ()
    category_ids: tuple[str, ...] = ()
    fallback: tuple[str, ...] = ("for_you", "popular", "new_in")
    exclude_purchased_days: int = 30
    exclude_history: bool = False


class ModelInfo(msgspec.Struct, frozen=True):
    """A model version: `stamp` is its name in answers; `metrics` holds the hold-out figures, of popularity as well."""

    stamp: str
    site_id: str
    state: str
    created_at: datetime
    metrics: dict[str, float]
    note: str


class ModelDetail(ModelInfo, frozen=True):
    """A model version with all that was recorded of it: what it learned from, with which program, and what it did.

    timings: seconds by step; live, shadow: what it did in service or in the shadow, as `manage.py models show` prints
    """

    recipe: str
    parameters: dict[str, Any]
    counts: dict[str, Any]
    code_version: str
    data_from: datetime | None
    data_until: datetime | None
    event_count: int
    shopper_count: int
    item_count: int
    seconds: float
    timings: dict[str, float]
    peak_mb: float
    shadowed_at: datetime | None
    promoted_at: datetime | None
    rolled_back_at: datetime | None
    report: str
    live: dict[str, float] = {}
    shadow: dict[str, float] = {}


class ModelFigure(msgspec.Struct, frozen=True):
    """A figure for monitoring, as `specrec_model_NAME` with its labels."""

    name: str
    description: str
    labels: dict[str, str]
    value: float


class ModelComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two versions side by side, figures of `stamp` first.

    cases: how many shoppers did something since both were trained; measured: on these, None where they are too few
    gain: how much more NDCG@10 `stamp` has on them: low end, mean and high end of the 95 % interval
    """

    site_id: str
    stamp: str
    other: str
    cases: int
    recorded: tuple[dict[str, float], dict[str, float]]
    measured: tuple[dict[str, float], dict[str, float]] | None = None
    gain: tuple[float, float, float] | None = None


class RecipeInfo(msgspec.Struct, frozen=True):
    """What a model can be trained with. `own`: from the operator's folder; `fault`: why it cannot be read."""

    recipe: str
    description: str
    algorithms: tuple[str, ...]
    own: bool
    fault: str = ""


class Searched(msgspec.Struct, frozen=True):
    """A parameter that a search may choose: `name` such as "covisitation.window", `usual` what the recipe says of it.

    Where both ends are whole numbers, only such are chosen.
    """

    name: str
    low: int | float
    high: int | float
    usual: int | float


class FeatureInfo(msgspec.Struct, frozen=True):
    """A feature as it is defined. `window` and `half_life` such as "49 h" or "14 d"; None where there is none.

    `source`: what it is made of: "state" (of a shopper), "counts" (of the site) or "batch" (computed every hour).
    """

    name: str
    entity: str
    type: str
    source: str
    window: str | None
    half_life: str | None
    sensitivity: str
    purpose: str | None
    description: str


class FeatureReport(msgspec.Struct, frozen=True):
    """Values by feature; `left_out`: features that were not computed, and the purposes that were not granted."""

    values: dict[str, float | dict[str, float] | None]
    left_out: dict[str, list[str]] = {}


class StateSummary(msgspec.Struct, frozen=True):
    """What a stored state counts: events by type and by day since 1970 (UTC); `last`: time of the newest event."""

    shopper_id: UUID
    counts: dict[str, int]
    days: dict[int, int]
    last: float


PlacementKey = Annotated[str, msgspec.Meta(max_length=128, pattern=r"\A[a-z0-9][a-z0-9_-]*\Z")]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\A[^\x00-\x1f\x7f]*\Z")]


class FeatureCheck(msgspec.Struct, frozen=True):
    """How what the stream made of the events compares with a rebuild from the event table.

    examples: in words, the first differences of states and of counts
    shoppers: how many states are those of shoppers, and the bytes that Redis needs for one of them
    """

    states: int
    counts: int
    differing_states: int
    differing_counts: int
    examples: list[str]
    shoppers: int
    bytes_median: int
    bytes_max: int


class PlacementInput(PlacementInfo, frozen=True, forbid_unknown_fields=True):
    """A placement as it may be stored: the same fields, checked. See `docs/reference/placements.md`."""

    placement: PlacementKey
    title: Title
    strategy: Strategy
    size: Annotated[int, msgspec.Meta(ge=1, le=MAX_LIMIT)]
    item_types: tuple[ItemType, ...] = ()
    category_ids: tuple[wire.Id, ...] = ()
    fallback: tuple[Strategy, ...] = ("for_you", "popular", "new_in")
    exclude_purchased_days: Annotated[int, msgspec.Meta(ge=0, le=MAX_PURCHASED_DAYS)] = 30
    exclude_history: bool = False


class Accepted(msgspec.Struct, frozen=True):
    """Work that goes on in the background."""

    status: Literal["queued"] = "queued"


class TrainingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to train. `recipe`: name or label of the recipe; None: the one of the site's schedule."""

    recipe: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
