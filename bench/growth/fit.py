"""One fit of everything in a process of its own: seconds and peak of memory of each part."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from apps.recommend.ml.content import fit_content
from apps.recommend.ml.covisitation import CovisitationParams
from apps.recommend.ml.popularity import fit_popularity
from apps.recommend.ml.tokens import fit_tokens
from apps.recommend.training import memory
from apps.recommend.training.counting import count_here
from apps.recommend.training.recipe import Recipe
from bench.growth.synthetic import describe, load, make_events, save
from bench.offline.child import Work, answer_parent
from bench.offline_engine import recipe_named

_WARM_EVENTS, _WARM_ITEMS = 2_000, 200


class Parts:
    """Seconds and peak of each part of a fit."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, float]] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure what happens within."""
        since = time.perf_counter()
        with memory.measured() as peak:
            yield
        self.found[name] = {"seconds": round(time.perf_counter() - since, 3), "peak_mb": round(peak.mb)}


def fit_everything(folder: Path, recipe: Recipe, *, items: int, seed: int) -> tuple[dict[str, Any], int]:
    """Return the parts of the fit, and how many pairs were counted."""
    parts = Parts()
    with parts.step("read"):
        events, described = load(folder), describe(items, seed)
    with parts.step("content"):
        _, tokens = fit_tokens(described, recipe.content)
        fit_content(tokens, recipe.content)
    with parts.step("popularity"):
        fit_popularity(events.item, events.weight, events.time, items, half_life_days=recipe.half_life_days)
    plans = {"covisitation": recipe.covisitation, "transitions": CovisitationParams(window=1, backward=0.0)}
    pairs = 0
    for name, plan in plans.items():
        with parts.step(name):
            pairs += len(count_here(events, items, {name: plan})[name].indices)
    return parts.found, pairs


def _measure(work: Work) -> Work:
    """Fit a few events first: what is compiled, is compiled once on a machine and not once a training."""
    recipe, seed, folder = recipe_named(work["recipe"]), int(work["seed"]), Path(work["folder"])
    since = time.perf_counter()
    warm = folder / "warm"
    warm.mkdir()
    save(make_events(_WARM_EVENTS, items=_WARM_ITEMS, seed=seed), warm)
    fit_everything(warm, recipe, items=_WARM_ITEMS, seed=seed)
    compiled = time.perf_counter() - since
    parts, pairs = fit_everything(folder, recipe, items=work["items"], seed=seed)
    seconds = sum(part["seconds"] for part in parts.values())
    return {"seconds": round(seconds, 2), "compile_seconds": round(compiled, 2), "pairs": pairs, "parts": parts}


if __name__ == "__main__":
    answer_parent(_measure)
