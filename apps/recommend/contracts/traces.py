"""What next: traces, plain data that crosses the face of recommend."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec


class TraceInfo(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer came about, as it is kept: no name of a shopper is in it.

    asked: the request without the shopper; known: what was known of the shopper, decrypted for whoever may read it
    steps: by step what it found, removed and why; versions: of model, rules, catalogue and program
    """

    trace_id: UUID
    site_id: str
    at: datetime
    placement: str
    asked: dict[str, Any]
    steps: dict[str, Any]
    versions: dict[str, str]
    timings: dict[str, float]
    item_ids: tuple[str, ...]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is other in the replay. what: "version", "removed", "added", "moved", "score"."""

    what: str
    name: str
    before: Any = None
    after: Any = None


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """The same question asked again: `identical`, or what is other and which versions explain it."""

    trace_id: UUID
    against: Literal["now", "then"]
    at: datetime
    identical: bool
    item_ids: tuple[str, ...]
    differences: tuple[Difference, ...]
    causes: tuple[str, ...]
