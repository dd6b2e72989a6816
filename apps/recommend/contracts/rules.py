"""What next: merchandising rules, plain data that crosses the face of recommend."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from apps.recommend.contracts.placements import FilterText, PlacementKey, Share, Title
from apps.recommend.contracts.serving import Channel
from specrec.kernel import wire

RuleKind = Literal[
    "pin", "boost", "bury", "exclude", "include", "share", "spacing", "max_per_group", "price_guard", "margin_guard"
]
RuleState = Literal["draft", "published", "archived"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Clock = Annotated[str, msgspec.Meta(pattern=r"\A([01]\d|2[0-3]):[0-5]\d\Z")]
Time = Annotated[datetime, msgspec.Meta(tz=True)]
MAX_FACTOR, MIN_FACTOR = 10.0, 0.1


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a rule holds; an empty list means everywhere. All that is named must match, any of each list is enough.

    category_ids: of the page, or of the items that it is about; audiences: "guest", "customer", "new", "returning", or
    what callers name
    """

    placements: tuple[wire.Id, ...] = ()
    category_ids: tuple[wire.Id, ...] = ()
    store_ids: tuple[wire.Id, ...] = ()
    channels: tuple[Channel, ...] = ()
    audiences: tuple[wire.Id, ...] = ()


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a rule holds: from `starts_at` until before `ends_at`, on these weekdays, between two times of the day.

    Weekdays and times are those of the wall clock in `time_zone` (IANA; empty: the site's). `until_time` at or before
    `from_time` ends on the next day. A time that the clock skips begins with the skip; one that comes twice is in
    force both times.
    """

    starts_at: Time | None = None
    ends_at: Time | None = None
    weekdays: tuple[Weekday, ...] = ()
    from_time: Clock | None = None
    until_time: Clock | None = None
    time_zone: Annotated[str, msgspec.Meta(max_length=64)] = ""


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which items a rule is about: these, and those that the filter lets through. Neither: every item."""

    item_ids: Annotated[tuple[wire.Id, ...], msgspec.Meta(max_length=500)] = ()
    filter: FilterText = ""


class Effect(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a rule does; which fields are needed depends on its kind, see `docs/reference/rules.md`.

    position: of a pin, 1 is the first place; factor: of a boost (1 to 10) or a bury (0.1 to 1); share: least (or most)
    part of the slate, at_most: share is a most; group_by: "brand", "item_type", "category" or the name of an attribute;
    count: most per group; distance: places between two of one group; least, most: price in the site's currency;
    least_margin: part of the net price that must remain above cost; tax: the rate within prices, 0.2 for 20 %;
    unknown_passes: a margin guard lets through what has no cost
    """

    position: Annotated[int, msgspec.Meta(ge=1, le=100)] | None = None
    factor: Annotated[float, msgspec.Meta(ge=MIN_FACTOR, le=MAX_FACTOR)] | None = None
    share: Share | None = None
    at_most: bool = False
    group_by: Annotated[str, msgspec.Meta(max_length=64)] = ""
    count: Annotated[int, msgspec.Meta(ge=1, le=100)] | None = None
    distance: Annotated[int, msgspec.Meta(ge=1, le=100)] | None = None
    least: Annotated[float, msgspec.Meta(ge=0)] | None = None
    most: Annotated[float, msgspec.Meta(ge=0)] | None = None
    least_margin: Share | None = None
    tax: Share = 0.0
    unknown_passes: bool = False


class RuleInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A rule as it is written. `priority`: of two that cannot both hold the smaller number wins, then the older."""

    rule: PlacementKey
    title: Title
    kind: RuleKind
    scope: Scope = Scope()
    schedule: Schedule = Schedule()
    target: Target = Target()
    effect: Effect = Effect()
    priority: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 100
    note: Annotated[str, msgspec.Meta(max_length=2_000)] = ""


class RuleInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as it is stored. `written` is what is in force where `state` is published; a draft of it may differ.

    number: of the rule's revisions; in_force: whether its schedule holds now; next_change: when that changes next;
    warnings: what makes it do nothing, such as an item that nobody knows
    """

    site_id: str
    state: RuleState
    written: RuleInput
    draft: RuleInput | None = None
    number: int = 0
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None = None
    in_force: bool = False
    next_change: datetime | None = None
    warnings: tuple[str, ...] = ()


class RuleWrite(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A rule to be stored as a draft. `number`: of the revision that was read before; None where the rule is new."""

    rule: RuleInput
    number: int | None = None


class RuleStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which revision is to be published, archived, or freed from its draft."""

    number: int


class RuleQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which rules to list."""

    state: RuleState | None = None


class RuleRevision(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what to a rule, and what it was before and after."""

    rule: str
    number: int
    action: str
    by: str
    at: datetime
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class RuleNotice(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule did on a day (UTC) that somebody should know: slates left empty, slates without its pin."""

    rule: str
    day: date
    placement: str
    emptied: int
    unshown: int


class DryRunInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which lists are to be compared.

    rules: whose drafts are tried; none named means all that have one; archived: those that are tried to be without
    placements: none named means all; item_ids, store_ids: what lists are about and where; none named means a sample
    at: the time that is tried; now where it is left out
    """

    rules: Annotated[tuple[PlacementKey, ...], msgspec.Meta(max_length=500)] = ()
    archived: Annotated[tuple[PlacementKey, ...], msgspec.Meta(max_length=500)] = ()
    placements: Annotated[tuple[PlacementKey, ...], msgspec.Meta(max_length=100)] = ()
    item_ids: Annotated[tuple[wire.Id, ...], msgspec.Meta(max_length=20)] = ()
    store_ids: Annotated[tuple[wire.Id, ...], msgspec.Meta(max_length=20)] = ()
    channel: Channel = "web"
    audiences: Annotated[tuple[wire.Id, ...], msgspec.Meta(max_length=20)] = ()
    at: Time | None = None


class DryRunCase(msgspec.Struct, frozen=True, kw_only=True):
    """A list before and after a change: item ids in order; `emptied`: rules that left nothing to show.

    item_ids: what the list is about; unshown: rules whose pin cannot be had
    """

    placement: str
    item_ids: tuple[str, ...]
    store_id: str | None
    before: tuple[str, ...]
    after: tuple[str, ...]
    emptied: tuple[str, ...] = ()
    unshown: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether the list would differ."""
        return self.before != self.after


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """What lists would be if the drafts named were published at `at`."""

    dry_run_id: UUID
    at: datetime
    rules: tuple[str, ...]
    cases: tuple[DryRunCase, ...]
