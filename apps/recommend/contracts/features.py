"""What next: features, plain data that crosses the face of recommend."""

from uuid import UUID

import msgspec


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
