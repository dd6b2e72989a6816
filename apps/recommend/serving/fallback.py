"""Which strategies answer, in which order."""

from functools import cache

from apps.recommend.contracts.placements import PlacementInfo

LAST_RESORTS = ("popular", "new_in")
# Lists that say what they are: something else in them would be wrong, so they are short unless a fallback is named.
SHORT = frozenset(
    {
        "recently_viewed",
        "continue_shopping",
        "buy_again",
        "bundle",
        "complete_the_pair",
        "next_best_action",
        "search_context",
        "hand_picked",
    }
)


@cache
def chain_of(strategy: str, fallback: tuple[str, ...]) -> tuple[str, ...]:
    """Return the strategy, then its fallback, then what always has an answer; each once.

    A list that says what it is (see `SHORT`) is short rather than filled with other things, unless a fallback asks for
    it.
    """
    if strategy in SHORT and not fallback:
        return (strategy,)
    return tuple(dict.fromkeys((strategy, *fallback, *LAST_RESORTS)))


def chain_for(placement: PlacementInfo) -> tuple[str, ...]:
    """Return the chain of the placement."""
    return chain_of(placement.strategy, placement.fallback)
