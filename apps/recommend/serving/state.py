"""The draft of one answer: what the steps of the pipeline read and fill, in their order."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import numpy as np

from apps.catalog.contracts import Offer
from apps.recommend.columns import Candidates
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.contracts.serving import RecommendedItem, Request
from apps.recommend.features.history import NO_HISTORY, History
from apps.recommend.serving.ready import ReadySite
from apps.recommend.serving.tracing import TraceLog

NO_ROWS = np.empty(0, dtype=np.int32)


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
    plain: bool = False  # a step failed: only the last resorts are asked
    faults: int = 0  # defects on the way, of steps and of sources; not of parts that are away
    # put by context
    shopper_id: UUID | None = None  # only where the shopper consented to personalisation by history
    stored: History = NO_HISTORY
    context_rows: np.ndarray = field(default_factory=lambda: NO_ROWS)
    history_rows: np.ndarray = field(default_factory=lambda: NO_ROWS)
    history_weights: np.ndarray | None = None  # parallel to history_rows; None where the site has no weights
    # put by eligible
    mask: np.ndarray = field(default_factory=lambda: NO_ROWS)
    held_back: bool = False  # something was left out because of this shopper
    # put by retrieve
    found: list[Found] = field(default_factory=list)
    # put by score: parallel, in order of the slate, `owner` indexes `found`
    rows: np.ndarray = field(default_factory=lambda: NO_ROWS)
    scores: np.ndarray = field(default_factory=lambda: NO_ROWS)
    because: np.ndarray = field(default_factory=lambda: NO_ROWS)
    owner: np.ndarray = field(default_factory=lambda: NO_ROWS)
    # put by arrange
    items: tuple[RecommendedItem, ...] = ()
    fallback: str | None = None
    personalised: bool = False
    trace: TraceLog | None = None  # where this answer is traced
    timings: dict[str, float] = field(default_factory=dict)  # milliseconds by step, put by the loop

    def start_over(self) -> None:
        """Forget what was found, and keep what is known of shopper and page: the last resorts are asked next."""
        self.plain = True
        self.found = []
        self.rows = self.scores = self.because = self.owner = NO_ROWS
        self.items, self.fallback, self.personalised = (), None, False
