"""The draft of one answer: what the steps of the pipeline read and fill, in their order."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import numpy as np

from apps.catalog.contracts import Offer
from apps.recommend.columns import NO_ROWS, Candidates
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.contracts.serving import Assignment, Bundle, RecommendedItem, Request
from apps.recommend.features.history import NO_HISTORY, History
from apps.recommend.serving.ready import ReadySite


class Log(Protocol):
    """What a trace is written to."""

    def note(self, step: str, name: str, value: Any) -> None:
        """Keep what a step found."""


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
    trace: Log | None = None
    plain: bool = False  # a step failed: only the last resorts are asked
    faults: int = 0  # defects on the way, of steps and of sources; not of parts that are away
    shown: np.ndarray = field(default_factory=lambda: NO_ROWS)  # rows that other slots of the page show already
    # put by context
    shopper_id: UUID | None = None  # only where the shopper consented to personalisation by history
    purposes: frozenset[str] = frozenset()
    stored: History = NO_HISTORY
    context_rows: np.ndarray = field(default_factory=lambda: NO_ROWS)
    history_rows: np.ndarray = field(default_factory=lambda: NO_ROWS)
    history_weights: np.ndarray | None = None  # parallel to history_rows; None where the site has no weights
    # put by assigned
    assigned: tuple[Assignment, ...] = ()
    # put by eligible
    mask: np.ndarray = field(default_factory=lambda: NO_ROWS)  # bool [n], shared and read-only
    banned: np.ndarray = field(default_factory=lambda: NO_ROWS)  # int32, ascending: what this request forbids on top
    held_back: bool = False  # something was left out because of this shopper
    # put by retrieve
    found: list[Found] = field(default_factory=list)
    # put by score: parallel, best first, `owner` indexes `found`
    rows: np.ndarray = field(default_factory=lambda: NO_ROWS)
    scores: np.ndarray = field(default_factory=lambda: NO_ROWS)
    because: np.ndarray = field(default_factory=lambda: NO_ROWS)
    owner: np.ndarray = field(default_factory=lambda: NO_ROWS)
    # put by arrange
    items: tuple[RecommendedItem, ...] = ()
    propensities: tuple[float, ...] = ()  # parallel to items where places were drawn, else empty
    bundle: Bundle | None = None
    fallback: str | None = None
    personalised: bool = False
    timings: dict[str, float] = field(default_factory=dict)  # milliseconds by step, put by the loop

    def start_over(self) -> None:
        """Forget what was found, and keep what is known of shopper and page: the last resorts are asked next."""
        self.plain = True
        self.found = []
        self.rows = self.scores = self.because = self.owner = NO_ROWS
        self.items, self.propensities, self.bundle = (), (), None
        self.fallback, self.personalised = None, False
