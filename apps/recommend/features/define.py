"""What a feature is: a name, what it may be used for, and a pure function from what is stored to a value.

A definition never reads a store. It is given a reading, and so says the same of a shopper online, in the command line
and at a moment of the past.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from apps.recommend import conf
from apps.recommend.features.facts import Dimension, ItemFacts
from apps.recommend.features.state import ShopperState, Touch

Entity = Literal["shopper", "session", "item", "placement"]
# count: a whole number; number: any; share: between 0 and 1; weights: a number for each of several keys
ValueType = Literal["count", "number", "share", "weights"]
Sensitivity = Literal["public", "personal", "fit", "health"]
Value = float | dict[str, float] | None

HISTORY = "history_personalisation"
HEALTH = "rx_personalisation"
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
HALF_LIVES: dict[str, timedelta] = {"hour": HOUR, "day": DAY, "week": WEEK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What is said of every feature.

    window: how far back it looks, None where it has no end in time; half_life: at this age an event counts half
    purpose: what a shopper must have consented to, None where it says nothing of one
    by: what the keys of `weights` are, where an item has them
    """

    name: str
    entity: Entity
    type: ValueType
    description: str
    window: timedelta | None = None
    half_life: timedelta | None = None
    sensitivity: Sensitivity = "public"
    purpose: str | None = None
    by: Dimension | Literal["item"] | None = None

    @property
    def source(self) -> str:
        """Return what it is made of: "state", "counts" or "batch"."""
        return "none"

    @property
    def needed(self) -> frozenset[str]:
        """Return every purpose that must be granted. What comes of a history needs the consent to that as well."""
        return frozenset(() if self.purpose is None else (self.purpose,))


@dataclass(frozen=True, slots=True)
class ShopperReading:
    """What a state says, before anything is made of it.

    now: seconds since 1970; weights: by event type, how much one says of an interest
    touches: of `state.recent`, oldest first, what was not taken back; with items of health for definitions of that
    sensitivity alone, and none else for them
    of_health: whether that is so; the state holds both, so that whatever names its items asks `may_name`
    """

    state: ShopperState
    now: float
    weights: Mapping[str, float]
    facts: ItemFacts
    touches: Sequence[Touch]
    of_health: bool = False

    def may_name(self, item_id: str) -> bool:
        """Return whether the definition may tell of this item."""
        return self.facts.is_health(item_id) is self.of_health


@dataclass(frozen=True, slots=True, kw_only=True)
class StateDefinition(Definition):
    """A feature of a shopper or of the newest session."""

    compute: Callable[[ShopperReading], Value]
    sensitivity: Sensitivity = "personal"
    purpose: str | None = HISTORY

    @property
    def source(self) -> str:
        """Return "state"."""
        return "state"

    @property
    def needed(self) -> frozenset[str]:
        """Return its own purpose and that of using a history at all."""
        return frozenset(filter(None, (HISTORY, self.purpose)))


@dataclass(frozen=True, slots=True)
class Span:
    """The newest buckets of a count.

    unit: "h" or "d"; length: how many, that of now included; whole_site: the sums over all of the site are read as well
    """

    count: str
    unit: Literal["h", "d"]
    length: int
    whole_site: bool = False

    def buckets(self, now: float) -> range:
        """Return the numbers of the buckets, that of now first."""
        newest = int(now // (3_600 if self.unit == "h" else 86_400))
        return range(newest, newest - self.length, -1)


@dataclass(frozen=True, slots=True)
class CountReading:
    """What was counted of one item or placement, by span.

    own: a number for each bucket, that of now first; total: of all of the site, for spans that ask for it
    fields: of a span that is kept for this one alone (`pairs`): what was counted there, all buckets together
    """

    now: float
    own: Mapping[Span, Sequence[int]]
    total: Mapping[Span, Sequence[int]]
    fields: Mapping[Span, Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountDefinition(Definition):
    """A feature of an item or a placement, from what was counted; `spans` names all that `compute` may ask for."""

    spans: tuple[Span, ...]
    compute: Callable[[CountReading], Value]

    @property
    def source(self) -> str:
        """Return "counts"."""
        return "counts"


@dataclass(frozen=True, slots=True)
class DailyReading:
    """What happened to the items of a site on each day of a window.

    day: the day of now, since 1970 UTC
    events: by event type, item and day (since 1970 UTC), how many
    """

    day: int
    weights: Mapping[str, float]
    events: Mapping[str, Mapping[str, Mapping[int, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchDefinition(Definition):
    """A feature of all items of a site at once, computed beside the stream and stored as a whole."""

    window: timedelta = field(default=conf.BATCH_WINDOW)
    compute: Callable[[DailyReading], dict[str, float]]

    @property
    def source(self) -> str:
        """Return "batch"."""
        return "batch"


def faded(age: float, half_life: timedelta) -> float:
    """Return what is left of 1 at this age in seconds; nothing grows by lying in the future."""
    return float(2.0 ** -(max(age, 0.0) / half_life.total_seconds()))
