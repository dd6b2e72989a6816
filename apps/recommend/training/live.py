"""What a training leaves behind for its version to go on from."""

from datetime import datetime, timedelta

from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.registry.artifacts import Arrays
from apps.recommend.registry.live_base import LiveBase, to_arrays
from apps.recommend.training.dataset import Happened
from apps.recommend.training.recipe import Recipe


def live_arrays(*, data: Happened, recipe: Recipe, counts: PairCounts, now: datetime) -> Arrays:
    """Return the arrays of `live_base` for these data, which were read at `now`."""
    times = data.all_events.time
    # The table may keep less than the recipe's window: what was never read is not to be added as if it were new.
    since = float(times[0]) if len(times) else (now - timedelta(days=recipe.window_days)).timestamp()
    base = LiveBase(
        item_ids=[],
        counts=counts,
        params=recipe.covisitation,
        marks=data.marks,
        weights=recipe.event_weights,
        since=since,
        taken_at=now.timestamp(),
    )
    return to_arrays(base)
