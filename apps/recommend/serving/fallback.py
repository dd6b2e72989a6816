"""Which strategies answer, in which order."""

from functools import cache

from apps.recommend.contracts.placements import PlacementInfo

LAST_RESORTS = ("popular", "new_in")


@cache
def chain_of(strategy: str, fallback: tuple[str, ...]) -> tuple[str, ...]:
    """Return the strategy, then its fallback, then what always has an answer; each once.

    A list of what the shopper looked at is short rather than filled with other things, unless a fallback asks for it.
    """
    if strategy == "recently_viewed" and not fallback:
        return (strategy,)
    return tuple(dict.fromkeys((strategy, *fallback, *LAST_RESORTS)))


def chain_for(placement: PlacementInfo) -> tuple[str, ...]:
    """Return the chain of the placement."""
    return chain_of(placement.strategy, placement.fallback)
