"""Where a rule holds: all that its scope names must match, any of each list is enough."""

from apps.recommend.contracts.rules import Scope
from apps.recommend.rules.plan import Situation


def is_concerned(scope: Scope, situation: Situation) -> bool:
    """Return whether the rule is about such a list."""
    return (
        (not scope.placements or situation.placement in scope.placements)
        and (not scope.store_ids or situation.store_id in scope.store_ids)
        and (not scope.channels or situation.channel in scope.channels)
        and (not scope.category_ids or not situation.category_ids.isdisjoint(scope.category_ids))
        and (not scope.audiences or not situation.audiences.isdisjoint(scope.audiences))
    )
