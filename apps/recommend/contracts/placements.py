"""What next: placements, plain data that crosses the face of recommend."""

from typing import Annotated, Literal

import msgspec

from apps.catalog.contracts import ItemType
from specrec.kernel import wire

Strategy = Literal[
    "for_you",
    "because_you_viewed",
    "similar",
    "look_alike",
    "also_viewed",
    "also_bought",
    "bundle",
    "complete_the_pair",
    "continue_shopping",
    "recently_viewed",
    "buy_again",
    "popular",
    "trending",
    "bestsellers",
    "new_in",
    "on_offer",
    "next_best_action",
    "search_context",
    "hand_picked",
]
MAX_LIMIT = 100
MAX_PURCHASED_DAYS = 400  # so long a purchase is remembered (`conf.STATE_FOR`)
MAX_FILTER = 2_000
PlacementKey = Annotated[str, msgspec.Meta(max_length=128, pattern=r"\A[a-z0-9][a-z0-9_-]*\Z")]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\A[^\x00-\x1f\x7f]*\Z")]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
FilterText = Annotated[str, msgspec.Meta(max_length=MAX_FILTER)]
Few = Annotated[int, msgspec.Meta(ge=0, le=MAX_LIMIT)]


class PlacementInfo(msgspec.Struct, frozen=True):
    """A named slot configuration of a site.

    filter: in the filter language, what may be shown at all; empty: everything
    item_ids: the list of the strategy hand_picked, in its order
    diversity: 0 orders by score alone, 1 by how little alike the places are; diversity_method: how that is weighed
    max_per_brand: at most so many places for one brand; 0: any number
    exploration: share of places that are given to try what is not the best known, drawn once a day for each shopper
    cap_impressions: an item that this shopper saw so often within cap_days, on any channel, and did not touch, is left
        out; 0: never
    priority: in a page, placements with a smaller number choose first
    """

    placement: str
    title: str
    strategy: str
    size: int
    item_types: tuple[str, ...] = ()
    category_ids: tuple[str, ...] = ()
    fallback: tuple[str, ...] = ("for_you", "popular", "new_in")
    exclude_purchased_days: int = 30
    exclude_history: bool = False
    filter: str = ""
    item_ids: tuple[str, ...] = ()
    diversity: float = 0.0
    diversity_method: str = "mmr"
    max_per_brand: int = 0
    exploration: float = 0.0
    exploration_method: str = "epsilon"
    cap_impressions: int = 0
    cap_days: int = 7
    priority: int = 100


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
    filter: FilterText = ""
    item_ids: Annotated[tuple[wire.Id, ...], msgspec.Meta(max_length=MAX_LIMIT)] = ()
    diversity: Share = 0.0
    diversity_method: Literal["mmr", "dpp"] = "mmr"
    max_per_brand: Few = 0
    exploration: Share = 0.0
    exploration_method: Literal["epsilon", "thompson"] = "epsilon"
    cap_impressions: Annotated[int, msgspec.Meta(ge=0, le=50)] = 0
    cap_days: Annotated[int, msgspec.Meta(ge=1, le=60)] = 7
    priority: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 100
