"""The gate: may a version with these figures answer, and what becomes of it?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from apps.recommend import selectors
from apps.recommend.models import ModelState, ModelVersion, Promotion
from apps.recommend.registry import promote
from apps.recommend.training.evaluate import NDCG

# On one hold-out the whole interval of the difference must be worse than this; where shoppers and season differ as
# well (another hold-out), or the interval is too wide to tell, only a fall as large as the second counts.
SAME_TOLERANCE = 0.02
OTHER_TOLERANCE = 0.40


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says, with a reason for people."""

    promote: bool
    reason: str


def decide(version: ModelVersion, *, min_cases: int, now: datetime) -> None:
    """Judge a stored version and do what its site wants with one that passed: promote it, try it, or let it wait."""
    site_id = version.site_id
    promoted = selectors.find_promoted(site_id=site_id)
    verdict = judge(
        version.metrics,
        min_cases=min_cases,
        has_promoted=promoted is not None,
        promoted_measured=promoted is not None and NDCG in promoted.metrics,
    )
    if verdict.promote:
        _pass(version, verdict.reason, has_promoted=promoted is not None, now=now)
    else:
        _note(version, ModelState.REJECTED, verdict.reason)
    version.refresh_from_db()


def judge(metrics: Mapping[str, float], *, min_cases: int, has_promoted: bool, promoted_measured: bool) -> Verdict:
    """Return whether a version with these figures may be promoted.

    `metrics` is what `compare.evaluate_beside` returns. Too few cases prove nothing: such a version is promoted only
    where none that was measured would be replaced; content neighbours are better than nothing.
    """
    cases = int(metrics.get("cases", 0))
    if cases < min_cases:
        return _too_few(cases, min_cases, replaces_measured=has_promoted and promoted_measured)
    figure = metrics[NDCG]
    fault = _behind_popularity(metrics) or _behind_promoted(metrics) or _behind_records(metrics)
    if fault is not None:
        return Verdict(promote=False, reason=fault)
    words = f"NDCG@10 {figure:.4f}, popularity {metrics[f'popularity_{NDCG}']:.4f}, {cases:,} shoppers asked."
    if "promoted_gain_low" in metrics:
        words += f" To the promoted version on the same questions: {_interval(metrics, 'promoted')}."
    return Verdict(promote=True, reason=words)


def _pass(version: ModelVersion, reason: str, *, has_promoted: bool, now: datetime) -> None:
    """Do what the schedule says; the first version of a site is promoted unless a person wants to decide."""
    site_id, wanted = version.site_id, selectors.get_schedule(site_id=version.site_id).promotion
    if wanted == Promotion.BY_HAND:
        _note(version, ModelState.CANDIDATE, f"{reason} Waits to be promoted by hand.")
    elif wanted == Promotion.AT_ONCE or not has_promoted:
        promote.promote_model(site_id=site_id, stamp=version.stamp, now=now, note=reason)
    elif selectors.find_shadow(site_id=site_id) is None:
        promote.shadow_model(site_id=site_id, stamp=version.stamp, now=now, note=reason)
    else:  # or one that is replaced by every refresh would never be seen to its end
        _note(version, ModelState.CANDIDATE, f"{reason} Waits until the version in the shadow is judged.")


def _note(version: ModelVersion, state: ModelState, reason: str) -> None:
    ModelVersion.objects.filter(pk=version.pk).update(state=state, note=reason)


def _too_few(cases: int, min_cases: int, *, replaces_measured: bool) -> Verdict:
    missing = (
        f"only {cases} of the {min_cases} shoppers needed went on to another item in the newest part of the events"
    )
    if replaces_measured:
        reason = f"Not measurable: {missing}. The promoted version, which was measured, stays."
        return Verdict(promote=False, reason=reason)
    return Verdict(promote=True, reason=f"Not measured: {missing}. Promoted because no measured version is.")


def _behind_popularity(metrics: Mapping[str, float]) -> str | None:
    if metrics["popularity_gain_low"] > 0.0:
        return None
    figure, popular = metrics[NDCG], metrics[f"popularity_{NDCG}"]
    if figure <= popular:
        return f"NDCG@10 {figure:.4f} does not beat popularity ({popular:.4f})."
    return (
        f"NDCG@10 {figure:.4f} does not surely beat popularity ({popular:.4f}): the difference on the same questions "
        f"is {_interval(metrics, 'popularity')}, and its low end must be above 0."
    )


def _behind_promoted(metrics: Mapping[str, float]) -> str | None:
    """Say why the version falls behind the promoted one on the same questions, which that one has not seen either."""
    if "promoted_gain_low" not in metrics:
        return None
    own, theirs = metrics.get(f"fresh_{NDCG}", metrics[NDCG]), metrics[f"promoted_{NDCG}"]
    margin = SAME_TOLERANCE * theirs
    if metrics["promoted_gain_high"] >= -margin and own >= theirs * (1.0 - OTHER_TOLERANCE):
        return None
    where = (
        f"on what {metrics['fresh_cases']:.0f} shoppers did since"
        if "fresh_cases" in metrics
        else "on the same hold-out"
    )
    return (
        f"NDCG@10 {own:.4f} is worse than the promoted version's {theirs:.4f} {where}: the difference is "
        f"{_interval(metrics, 'promoted')}, and {-margin:.4f} is allowed."
    )


def _behind_records(metrics: Mapping[str, float]) -> str | None:
    """Say behind which figure of another hold-out the version falls too far."""
    for key, beside in (
        (f"promoted_then_{NDCG}", "the promoted version"),
        (f"anchor_{NDCG}", "the best that was promoted lately"),
    ):
        if key in metrics and metrics[NDCG] < metrics[key] * (1.0 - OTHER_TOLERANCE):
            then = f"{beside} ({metrics[key]:.4f} when it was trained)"
            return f"NDCG@10 {metrics[NDCG]:.4f} falls more than {OTHER_TOLERANCE:.0%} behind {then}."
    return None


def _interval(metrics: Mapping[str, float], name: str) -> str:
    low, mean, high = (metrics[f"{name}_gain{end}"] for end in ("_low", "", "_high"))
    return f"{mean:+.4f} ({low:+.4f} to {high:+.4f} with 95 % confidence)"
