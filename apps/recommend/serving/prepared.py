"""What sources need of a state of a site, made beside the requests.

Failure policy: log it; the request that needs it makes it, or its strategy finds nothing and the chain goes on.
"""

import logging
from collections.abc import Callable, Iterable

from apps.recommend.columns import Shelf
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.retrieval import bestsellers, look_alike, reduced, trending
from apps.recommend.shelves import kinds
from apps.recommend.shelves.lists import habits_of

logger = logging.getLogger(__name__)


def _kinds(shelf: Shelf) -> None:
    kinds.prepare(shelf, again=True)


def _looks(shelf: Shelf) -> None:
    look_alike.prepare(shelf, again=True)


def _reduced(shelf: Shelf) -> None:
    reduced.prepare(shelf, again=True)


def _orders(shelf: Shelf) -> None:
    habits = habits_of(shelf)
    if habits is not None:
        trending.prepare(shelf, habits)
        bestsellers.prepare(shelf, habits)


_NEEDED: dict[str, Callable[[Shelf], None]] = {
    "look_alike": _looks,
    "on_offer": _reduced,
    "complete_the_pair": _kinds,
    "bundle": _kinds,
    "next_best_action": _kinds,
    "trending": _orders,
    "bestsellers": _orders,
}


def prepare_sources(shelf: Shelf, placements: Iterable[PlacementInfo]) -> None:
    """Make what the strategies of these placements need, where it is not there or is of an older state."""
    used = {name for placement in placements for name in (placement.strategy, *placement.fallback)}
    for make in {_NEEDED[name]: None for name in _NEEDED if name in used}:
        try:
            make(shelf)
        except Exception:
            # The site must be read all the same.
            logger.exception("what %s needs was not prepared for %s", make.__name__, shelf.columns.site_id)
