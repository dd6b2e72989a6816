"""The draft of one answer: what the steps of the pipeline read and fill, in their order."""

import math
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from uuid import UUID

import numpy as np

from apps.catalog.contracts import Offer
from apps.recommend.columns import NO_ROWS, Candidates, Memo
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.contracts.serving import Bundle, RecommendedItem, Request
from apps.recommend.experiments.assign import Assigned
from apps.recommend.features.history import NO_HISTORY, History
from apps.recommend.ml.tables import read_only
from apps.recommend.rules.plan import Plan
from apps.recommend.serving.ready import ReadySite
from apps.recommend.serving.tracing import TraceLog

NO_OWNER = -1  # of a row that no strategy found: a rule put it there
NO_PLAN = Plan(mask=np.empty(0, dtype=np.bool_), gate=np.empty(0, dtype=np.bool_))


@dataclass(slots=True)
class Found:
    """What one strategy of the chain found."""

    strategy: str
    candidates: Candidates


@dataclass(slots=True)
class Draft:
    """One request on its way through the pipeline."""

    site_id: str
    request: Request
    now: datetime
    recommendation_id: UUID
    ready: ReadySite
    placement: PlacementInfo
    limit: int
    offer: Offer
    trace: TraceLog | None = None  # where this answer is traced
    drawn_for: str | None = None  # what stands for whoever asks in draws; made where something is drawn
    deadline: float = math.inf  # by `time.perf_counter`: from then on nothing that may wait is asked
    plain: bool = False  # a step failed: only the last resorts are asked
    faults: int = 0  # defects on the way, of steps and of sources; not of parts that are away
    shown: np.ndarray = field(default_factory=lambda: NO_ROWS)  # rows that other slots of the page show already
    memo: Memo | None = None  # what the model said to other slots of the page
    beside: "Draft | None" = None  # another slot of the same page, whose context is known already
    # put by context
    shopper_id: UUID | None = None  # only where the shopper consented to personalisation by history
    purposes: frozenset[str] = frozenset()
    stored: History = NO_HISTORY
    context_rows: np.ndarray = field(default_factory=lambda: NO_ROWS)
    history_rows: np.ndarray = field(default_factory=lambda: NO_ROWS)
    audiences: frozenset[str] = frozenset()
    history_weights: np.ndarray | None = None  # parallel to history_rows; None where the site has no weights
    # put by assigned
    assigned: tuple[Assigned, ...] = ()
    # put by eligible
    plan: Plan = NO_PLAN
    mask: np.ndarray = field(default_factory=lambda: NO_ROWS)  # bool [n], shared and read-only
    within: np.ndarray | None = None  # bool [n]: what the request itself narrows rules to as well; None where nothing
    banned: np.ndarray = field(default_factory=lambda: NO_ROWS)  # int32, ascending: what this request forbids on top
    held_back: bool = False  # something was left out, or a rule looked at, because of this shopper
    # put by retrieve
    found: list[Found] = field(default_factory=list)
    # put by score, cut to the slate by arrange: parallel, best first
    rows: np.ndarray = field(default_factory=lambda: NO_ROWS)
    scores: np.ndarray = field(default_factory=lambda: NO_ROWS)
    because: np.ndarray = field(default_factory=lambda: NO_ROWS)
    owner: np.ndarray = field(default_factory=lambda: NO_ROWS)  # places in `found`, or NO_OWNER
    counts: np.ndarray = field(default_factory=lambda: NO_ROWS)  # numbers that reasons say, -1 for none; or empty
    # put by arrange and write
    items: tuple[RecommendedItem, ...] = ()
    pinned: dict[int, str] = field(default_factory=dict)  # by row, the rule that gave it its place
    unshown: tuple[str, ...] = ()  # rules in force of which nothing could be shown
    propensities: tuple[float, ...] = ()  # parallel to items where places were drawn, else empty
    bundle: Bundle | None = None
    fallback: str | None = None
    personalised: bool = False
    timings: dict[str, float] = field(default_factory=dict)  # milliseconds by step, put by the loop

    @property
    def wanted(self) -> int:
        """How many candidates are wanted: more than places, where there is something to choose."""
        placement = self.placement
        plain = self.plan.factor is None and not self.plan.limits
        if self.plain or (plain and not (placement.diversity or placement.exploration or placement.max_per_brand)):
            return self.limit
        return max(self.limit * 2, min(self.limit * 4, 60))

    def put_in(self, place: int, rows: np.ndarray, score: float) -> None:
        """Put rows (int32) that no strategy found before the candidate at this place."""
        nothing, nobody = _of_no_strategy(len(rows))
        self.rows = _with(self.rows, place, rows)
        self.scores = _with(self.scores, place, np.array([score] * len(rows), dtype=np.float32))
        self.because = _with(self.because, place, nothing)
        self.owner = _with(self.owner, place, nobody)
        if len(self.counts):
            self.counts = _with(self.counts, place, nothing)

    def start_over(self) -> None:
        """Forget what was found, and keep what is known of shopper and page: the last resorts are asked next."""
        self.plain = True
        self.found = []
        self.rows = self.scores = self.because = self.owner = self.counts = NO_ROWS
        self.items, self.propensities, self.bundle = (), (), None
        self.pinned, self.unshown = {}, ()
        self.fallback, self.personalised = None, False


@lru_cache(maxsize=128)
def _of_no_strategy(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what leads to so many rows that no strategy found, and who found them: the same arrays every time."""
    return read_only(np.full(count, -1, dtype=np.int32)), read_only(np.full(count, NO_OWNER, dtype=np.int8))


def _with(old: np.ndarray, place: int, new: np.ndarray) -> np.ndarray:
    return np.concatenate((old[:place], new, old[place:]))
