"""What is kept of an answer so that the same question can be asked again: one document, encrypted as a whole.

In clear stays only what would be the same whoever had asked; see `docs/explanation/traces.md`.
"""

import zlib
from typing import Any
from uuid import UUID

import msgspec

from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.contracts.rules import RuleInput
from apps.recommend.contracts.serving import Request
from apps.recommend.features.history import History
from specrec.kernel import crypto
from specrec.kernel.errors import Conflict

_PURPOSE = "traces"


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What was known of the shopper, by consent, and what the caller knew.

    history: what the answer was made from, oldest first; weights: how much each says, None where all say the same
    shown: items that other slots of the page had already; drawn_for: what stood for the shopper where places were drawn
    """

    shopper_id: UUID | None
    purposes: frozenset[str]
    audiences: frozenset[str]
    stored: History
    history: tuple[str, ...]
    weights: tuple[float, ...] | None
    shown: tuple[str, ...] = ()
    drawn_for: str | None = None


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What was known of how the items that were considered fare: by item id, and the site's own rate of clicks."""

    clicks: dict[str, int]
    shown: dict[str, int]
    usual: float


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """A side of an experiment that held, and what it changed."""

    experiment: str
    variant: str
    changes: dict[str, Any] = {}
    model: str | None = None


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """One place of the slate."""

    item_id: str
    score: float


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """One answer with all that decided it, but for the model and the catalogue, of which `versions` has the stamps.

    settings: the placement as it was stored; placement: as experiments made it
    rules: those in force; facts: of the items that were considered, what the catalogue said
    """

    request: Request
    limit: int
    known: Known
    settings: PlacementInfo
    placement: PlacementInfo
    sides: tuple[Side, ...]
    weights: dict[str, float] | None
    tried: Tried | None
    rules: tuple[RuleInput, ...]
    slate: tuple[Placed, ...]
    facts: dict[str, dict[str, Any]]
    versions: dict[str, str]
    steps: dict[str, Any]
    items: list[dict[str, Any]]
    left_out: list[dict[str, Any]]
    timings: dict[str, float]


def pack(recorded: Recorded, *, trace_id: UUID) -> bytes:
    """Return the document compressed and encrypted, bound to its trace."""
    packed = zlib.compress(msgspec.json.encode(recorded), level=1)
    return crypto.encrypt(packed, purpose=_PURPOSE, bound_to=trace_id.bytes)


def unpack(data: bytes, *, trace_id: UUID) -> Recorded:
    """Return what was packed; raises Unavailable without its key, Conflict where another program wrote it."""
    packed = zlib.decompress(crypto.decrypt(data, purpose=_PURPOSE, bound_to=trace_id.bytes))
    try:
        return msgspec.json.decode(packed, type=Recorded)
    except msgspec.ValidationError as error:
        message = f"The trace {trace_id} was written by another version of the program, which reads it: {error}."
        raise Conflict(message, code="trace_unreadable") from error
