"""Who: plain data that crosses the face of profiles. No behaviour, no framework types."""

from datetime import datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

import msgspec

from specrec.kernel import wire

KeyKind = Literal["publishable", "secret"]
Scope = Literal[
    "recommend:read",
    "recommend:trace",
    "rules:read",
    "rules:write",
    "experiments:read",
    "experiments:write",
    "events:read",
    "events:write",
    "catalog:read",
    "catalog:write",
    "shoppers:read",
    "shoppers:write",
]
Purpose = Literal["history_personalisation", "rx_personalisation", "marketing_email", "analytics", "dispensing"]
SCOPES: tuple[str, ...] = get_args(Scope)
PURPOSES: tuple[str, ...] = get_args(Purpose)
# A browser may hold a publishable key, so it may only do what any visitor may do.
PUBLISHABLE_SCOPES: tuple[str, ...] = ("recommend:read", "events:write", "catalog:read", "shoppers:write")


class SiteInfo(msgspec.Struct, frozen=True):
    """A market or brand. `site_id` is a slug such as "uk"; `locale` like "en-GB"; `time_zone` an IANA name."""

    site_id: str
    name: str
    locale: str
    currency: str
    time_zone: str
    event_retention_days: int = 400


class Caller(msgspec.Struct, frozen=True):
    """Who calls: a verified key. Every call below an edge is scoped by `site_id`."""

    key_id: str
    site_id: str
    kind: KeyKind
    scopes: frozenset[str]


class IssuedKey(msgspec.Struct, frozen=True):
    """A key as it is shown once: `secret` is the whole text to present, never stored in clear."""

    key_id: str
    site_id: str
    kind: KeyKind
    secret: str


class KeyInfo(msgspec.Struct, frozen=True):
    """A key as its owner may see it later: everything but the secret."""

    key_id: str
    site_id: str
    kind: KeyKind
    name: str
    scopes: tuple[str, ...]
    allowed_origins: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class ShopperRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a caller names a shopper; the customer wins where both are given. Both absent means nobody."""

    anonymous_id: wire.Id | None = None
    customer_id: wire.Id | None = None


class Shopper(msgspec.Struct, frozen=True):
    """Whom a reference means now: the canonical id, the ids merged into it, the purposes consented to."""

    shopper_id: UUID
    alias_ids: tuple[UUID, ...] = ()
    purposes: frozenset[str] = frozenset()


class ShopperQuestion(msgspec.Struct, frozen=True):
    """Whom a reference may mean: the id that it has unless it was merged, and the Redis keys where the answer lies.

    What an MGET of the keys answers goes to `read_shopper`; None goes there when Redis does not answer.
    """

    site_id: str
    shopper_id: UUID
    keys: tuple[str, ...]


class ConsentSignal(msgspec.Struct, frozen=True):
    """What a shopper said about all purposes at `at`: those in `granted` are given, the others withdrawn."""

    ref: ShopperRef
    granted: frozenset[str]
    at: datetime
    source: str


class ConsentInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a shopper says about all purposes: those in `granted` are given, all others withdrawn.

    `at` (with a time zone; now, when absent) is when it was said: an older word than the stored one changes nothing.
    """

    granted: list[Purpose]
    anonymous_id: wire.Id | None = None
    customer_id: wire.Id | None = None
    at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    source: wire.Word = "web"


class ConsentAnswer(msgspec.Struct, frozen=True):
    """The purposes to which the shopper consents now."""

    granted: list[str]


class MergeInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The anonymous shopper of a browser and the customer who signed in there."""

    anonymous_id: wire.Id
    customer_id: wire.Id


class ConsentState(msgspec.Struct, frozen=True):
    """The latest word on one purpose."""

    purpose: str
    granted: bool
    at: datetime
    source: str


class ShopperProfile(msgspec.Struct, frozen=True):
    """A shopper as a back office sees it."""

    shopper_id: UUID
    anonymous_ids: tuple[str, ...]
    customer_ids: tuple[str, ...]
    consents: tuple[ConsentState, ...]
