"""What the children of bench.baskets share: settings chosen on weeks before the split, figures on those after it."""

from collections.abc import Mapping
from pathlib import Path

from bench.offline.child import Stopwatch, Work
from bench.offline.journey import BasketFit, ask, read_lines_of, split_at

DECIDES = "all ndcg@10"


def measure_baskets(settings: Mapping[str, BasketFit], work: Work) -> Work:
    """Return the figures of the best of the settings, which it was, and what fitting it took."""
    watch = Stopwatch()
    lines = read_lines_of(Path(work["folder"]))
    week, weeks, seed = work["week"], work["weeks"], work["seed"]
    watch.lap("read")
    chosen = next(iter(settings))
    if len(settings) > 1:
        earlier = split_at(lines, week=week - weeks, weeks=weeks)
        scored = {name: ask(fit(earlier, seed), earlier)[DECIDES] for name, fit in settings.items()}
        chosen = max(scored, key=lambda name: scored[name])
    watch.lap("choose")
    split = split_at(lines, week=week, weeks=weeks)
    scorer = settings[chosen](split, seed)
    watch.lap("fit")
    figures = ask(scorer, split)
    watch.lap("ask")
    return figures | {
        "settings": chosen,
        "asked": len(split.household),
        "fit_seconds": watch.seconds["fit"],
        "seconds": watch.seconds,
    }
