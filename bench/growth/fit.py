"""One fit of everything in a process of its own: seconds and peak of memory of each step."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from apps.recommend.ml.content import fit_content
from apps.recommend.ml.covisitation import CovisitationParams
from apps.recommend.ml.fitting import Material, fit_engine
from apps.recommend.ml.paircounts import PairCounts
from apps.recommend.ml.pairtable import count
from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.tokens import fit_tokens
from apps.recommend.training import memory
from apps.recommend.training.recipe import Recipe
from bench.growth.synthetic import describe, load, make_events, save
from bench.offline.child import Work, answer_parent
from bench.offline_engine import recipe_named

_WARM_EVENTS, _WARM_ITEMS = 20_000, 500
COUNTING = "counting (in the above)"


class Steps:
    """Seconds and peak of each step; a step ends where the next begins."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, float]] = {}
        self._open = ExitStack()
        self._name = ""

    def begin(self, name: str, _share: float = 0.0) -> None:
        """End the step under way, unless it is the same, and begin this one."""
        if name != self._name:
            self.end()
            self._open.enter_context(self._measured(name))
            self._name = name

    def end(self) -> None:
        """End the step under way."""
        self._open.close()
        self._name = ""

    def add(self, name: str, seconds: float) -> None:
        """Add to what happens within steps."""
        before = self.found.get(name, {"seconds": 0.0})
        self.found[name] = {"seconds": round(before["seconds"] + seconds, 3)}

    @contextmanager
    def _measured(self, name: str) -> Iterator[None]:
        since = time.perf_counter()
        with memory.measured() as peak:
            yield
        self.found[name] = {"seconds": round(time.perf_counter() - since, 3), "peak_mb": round(peak.mb)}


def fit_everything(folder: Path, recipe: Recipe, *, items: int, seed: int) -> tuple[Steps, int]:
    """Return the steps of the fit, and how many distinct pairs its co-visitation has."""
    steps = Steps()

    def count_pairs(events: Sequences, n_items: int, params: CovisitationParams) -> PairCounts:
        since = time.perf_counter()
        found = count(events, n_items, params)
        steps.add(COUNTING, time.perf_counter() - since)
        return found

    steps.begin("reading")
    events, described = load(folder), describe(items, seed)
    steps.begin("content")
    _, tokens = fit_tokens(described, recipe.content)
    material = Material(events, events, fit_content(tokens, recipe.content), items)
    fitted = fit_engine(material, recipe.engine, seed=seed, progress=steps.begin, count_pairs=count_pairs)
    steps.end()
    return steps, len(fitted.counts.indices)


def _measure(work: Work) -> Work:
    """Fit a few events first: what is compiled, is compiled once on a machine and not once a training."""
    recipe, seed, folder = recipe_named(work["recipe"]), int(work["seed"]), Path(work["folder"])
    since = time.perf_counter()
    warm = folder / "warm"
    warm.mkdir()
    save(make_events(_WARM_EVENTS, items=_WARM_ITEMS, seed=seed), warm)
    fit_everything(warm, recipe, items=_WARM_ITEMS, seed=seed)
    compiled = round(time.perf_counter() - since, 2)
    steps, pairs = fit_everything(folder, recipe, items=work["items"], seed=seed)
    return _told(steps.found) | {"compile_seconds": compiled, "pairs": pairs}


def _told(steps: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Return the steps and what they come to; what happens within them is not added once more."""
    whole = [step for step in steps.values() if "peak_mb" in step]
    seconds = round(sum(step["seconds"] for step in whole), 2)
    return {"seconds": seconds, "highest_mb": max(step["peak_mb"] for step in whole), "steps": steps}


if __name__ == "__main__":
    answer_parent(_measure)
