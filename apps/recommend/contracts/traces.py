"""What next: traces, plain data that crosses the face of recommend."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from specrec.kernel import wire

Against = Literal["now", "then"]
OF_SHOPPER = frozenset(
    {"dismissed", "bought", "history", "cap"}
)  # why something is left out, where it tells of a person


class TraceQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which traces a list is of."""

    placement: wire.Id | None = None
    cursor: str | None = None
    limit: int | None = None


class TraceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A trace as lists show it: nothing in it is about the shopper."""

    trace_id: UUID
    at: datetime
    placement: str
    strategy: str
    fallback: str | None
    personalised: bool
    items: int
    model: str | None


class TraceInfo(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer came about: no name of a shopper is in it. `trace_id` is the answer's `recommendation_id`.

    asked: the request, without whom it was for; known: what was known of the shopper and used
    steps: by step what it did; items: the slate, for each item where it came from and what changed its place
    left_out: what would have been found otherwise, and why it was not shown
    versions: of model, rules, catalogue, placement, experiments and program; timings: milliseconds by step
    """

    trace_id: UUID
    site_id: str
    at: datetime
    placement: str
    strategy: str
    fallback: str | None
    personalised: bool
    asked: dict[str, Any]
    known: dict[str, Any]
    steps: dict[str, Any]
    items: list[dict[str, Any]]
    left_out: list[dict[str, Any]]
    versions: dict[str, str]
    timings: dict[str, float]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is other in the replay. what: "removed", "added", "moved" or "score"; name: the item.

    before, after: its place (or score) then and in the replay; why: what took it out then, or takes it out now
    """

    what: Literal["removed", "added", "moved", "score"]
    name: str
    before: float | None = None
    after: float | None = None
    why: tuple[str, ...] = ()


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """What made the replay another list. `what`: "model", "rules", "placement", "weights", "experiments", ...

    name: which rule, item or field, where that is known; before, after: its version or value
    decisive: whether the list was another with this alone put back (or, for what cannot be put back, must have been)
    """

    what: Literal["model", "pairs", "rules", "placement", "weights", "experiments", "catalogue", "program", "unknown"]
    name: str = ""
    before: Any = None
    after: Any = None
    decisive: bool = True


class ReplayRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """against: "now" asks what answers today; "then" puts back what is still kept of what answered then."""

    against: Against = "now"


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """The same question of the same shopper at the same moment, asked again.

    identical: item by item, in the same places with the same scores. Else `differences` says what is other, and
    `causes` why: first what was decisive, then what changed and made no difference.
    """

    trace_id: UUID
    against: Against
    at: datetime
    identical: bool
    before: tuple[str, ...]
    after: tuple[str, ...]
    versions: Annotated[dict[str, str], "of the replay"]
    differences: tuple[Difference, ...] = ()
    causes: tuple[Cause, ...] = ()
