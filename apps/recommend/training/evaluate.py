"""How good a model is on what it has not seen, beside popularity and the promoted version; may it be promoted?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.recommend.ml.blend import BlendArrays, BlendParams, Weighted, score_history
from apps.recommend.ml.metrics import expected_ndcg, expected_recall, place_of
from apps.recommend.ml.split import Case, split_by_time
from apps.recommend.registry.unpacked import LoadedModel
from apps.recommend.training.dataset import TrainingData
from apps.recommend.training.recipes import Recipe

K = 10
# On one hold-out two versions may differ by chance; on different hold-outs the shoppers and the season differ as well.
SAME_TOLERANCE = 0.10
OTHER_TOLERANCE = 0.40

# The place of the target among what is offered: (better, tied), None when it is not offered at all.
Ranker = Callable[[Case], "tuple[int, int] | None"]


@dataclass(frozen=True, slots=True)
class HoldOut:
    """The newest share of the events. `cut`: seconds since 1970; nothing from there on may be learned before asking.

    Histories may reach beyond the cut: they are only asked with, as a shopper who comes then would be.
    """

    cut: float
    cases: list[Case]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says, with a reason for people."""

    promote: bool
    reason: str


def make_hold_out(data: TrainingData, recipe: Recipe, *, earliest: float = -np.inf) -> HoldOut:
    """Return at most `max_cases` cases, drawn with the recipe's seed; their targets are not before `earliest`."""
    events = data.sequences
    share = recipe.hold_out_share
    weight = events.weight if recipe.weighs_history else None
    cut, cases = split_by_time(events.sequence, events.item, events.time, share=share, earliest=earliest, weight=weight)
    if len(cases) > recipe.max_cases:
        drawn = np.random.default_rng(recipe.seed).choice(len(cases), size=recipe.max_cases, replace=False)
        cases = [cases[number] for number in np.sort(drawn).tolist()]
    return HoldOut(cut=cut, cases=cases)


def measure(cases: Sequence[Case], rank: Ranker) -> dict[str, float]:
    """Return recall@10 and ndcg@10 over the cases."""
    places = [place for case in cases if (place := rank(case)) is not None]
    count = max(len(cases), 1)
    return {
        f"recall@{K}": sum(expected_recall(better, tied, K) for better, tied in places) / count,
        f"ndcg@{K}": sum(expected_ndcg(better, tied, K) for better, tied in places) / count,
    }


def rank_by_blend(model: BlendArrays, params: BlendParams) -> Ranker:
    """Return the ranker that serving is, items of the history left out."""
    seen = np.zeros(len(model.popularity), dtype=np.bool_)

    def rank(case: Case) -> tuple[int, int] | None:
        history = case.history if case.weights is None else Weighted(case.history, case.weights.astype(np.float32))
        scored = score_history(model, history, params)
        seen[case.history] = True
        fresh = ~seen[scored.rows]
        seen[case.history] = False
        return place_of(scored.rows[fresh], scored.scores[fresh], case.target)

    return rank


def rank_by_popularity(popularity: NDArray[np.float32]) -> Ranker:
    """Return the ranker that shows everybody the same, items of the history left out."""
    ordered = np.sort(popularity)

    def rank(case: Case) -> tuple[int, int] | None:
        value = popularity[case.target]
        above = len(ordered) - int(np.searchsorted(ordered, value, side="right"))
        level = len(ordered) - int(np.searchsorted(ordered, value, side="left")) - above
        seen = popularity[np.unique(case.history)]
        return above - int(np.count_nonzero(seen > value)), level - int(np.count_nonzero(seen == value)) - 1

    return rank


def rank_by_loaded(loaded: LoadedModel, item_ids: Sequence[str]) -> Ranker:
    """Return the ranker of an earlier version, whose rows differ; what it does not know it cannot offer."""
    row_of = np.fromiter((loaded.row_of.get(item, -1) for item in item_ids), np.int32, len(item_ids))
    inner = rank_by_blend(loaded, loaded.params)

    def rank(case: Case) -> tuple[int, int] | None:
        history, target = row_of[case.history], int(row_of[case.target])
        known = history >= 0
        weights = None if case.weights is None else case.weights[known]
        return inner(Case(history=history[known], target=target, weights=weights)) if target >= 0 else None

    return rank


def judge(metrics: dict[str, float], *, min_cases: int, has_promoted: bool, promoted_measured: bool) -> Verdict:
    """Return whether a version with these figures may be promoted.

    `metrics` is what `compare.evaluate_beside` returns. Too few cases prove nothing: such a version is promoted only
    where none that was measured would be replaced; content neighbours are better than nothing.
    """
    cases = int(metrics.get("cases", 0))
    if cases < min_cases:
        missing = (
            f"only {cases} of the {min_cases} shoppers needed went on to another item in the newest part of the events"
        )
        if has_promoted and promoted_measured:
            return Verdict(
                promote=False, reason=f"Not measurable: {missing}. The promoted version, which was measured, stays."
            )
        return Verdict(promote=True, reason=f"Not measured: {missing}. Promoted because no measured version is.")
    figure, popular = metrics[f"ndcg@{K}"], metrics[f"popularity_ndcg@{K}"]
    if figure <= popular:
        return Verdict(promote=False, reason=f"NDCG@10 {figure:.4f} does not beat popularity ({popular:.4f}).")
    own = metrics.get(f"fresh_ndcg@{K}", figure)
    where = (
        f"on what {metrics['fresh_cases']:.0f} shoppers did since"
        if "fresh_cases" in metrics
        else "on the same hold-out"
    )
    for key, value, tolerance, beside in (
        (f"promoted_ndcg@{K}", own, SAME_TOLERANCE, f"the promoted version ({{:.4f}} {where})"),
        (f"promoted_then_ndcg@{K}", figure, OTHER_TOLERANCE, "the promoted version ({:.4f} when it was trained)"),
        (f"anchor_ndcg@{K}", figure, OTHER_TOLERANCE, "the best that was promoted lately ({:.4f} when it was trained)"),
    ):
        if key in metrics and value < metrics[key] * (1.0 - tolerance):
            name = beside.format(metrics[key])
            return Verdict(promote=False, reason=f"NDCG@10 {value:.4f} falls more than {tolerance:.0%} behind {name}.")
    return Verdict(promote=True, reason=f"NDCG@10 {figure:.4f}, popularity {popular:.4f}, {cases:,} shoppers asked.")
