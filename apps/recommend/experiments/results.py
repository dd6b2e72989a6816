"""What came of an experiment: units and their outcomes from the event table, compared as `ml/sequential.py` does."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
import numpy as np

from apps.profiles import api as profiles
from apps.recommend.contracts.experiments import ExperimentInfo, ExperimentResults, MetricResult
from apps.recommend.ml.outcomes import FACTS, METRICS, Outcomes
from apps.recommend.ml.sequential import USUAL_PLAN, compare, detectable, mean_of, sample_ratio_p
from apps.tracking import api as tracking
from specrec.kernel.errors import Conflict

BROKEN_SPLIT = 0.001
CROSSED = 0.01  # a larger share of units on two sides is worth a warning


def compute_results(*, info: ExperimentInfo, now: datetime) -> ExperimentResults:
    """Return what came of the experiment until now, or until it was stopped; raises Conflict for a draft."""
    if info.started_at is None:
        message = f"{info.written.experiment} has not started: there are no results."
        raise Conflict(message, code="not_started", field="experiment")
    until = info.stopped_at or now
    outcomes, crossed = _read(info, info.started_at, until)
    names = [variant.variant for variant in info.written.variants]
    counts = np.bincount(outcomes.variant, minlength=len(names)).tolist()
    ratio = sample_ratio_p(counts, [variant.weight for variant in info.written.variants])
    results = tuple(
        _result(info, outcomes, metric=metric, side=side) for metric in METRICS for side in range(1, len(names))
    )
    warnings = tuple(_warnings(info, ratio, crossed, sum(counts)))
    return ExperimentResults(
        experiment=info.written.experiment,
        until=until,
        units=dict(zip(names, counts, strict=True)),
        sample_ratio_p=ratio,
        results=results,
        warnings=warnings,
        verdict=_verdict(info, results, ratio),
    )


def harm_of(info: ExperimentInfo, results: Iterable[MetricResult]) -> str | None:
    """Return in words which guardrail, or the metric itself, a variant is known to worsen; None where there is none."""
    for result in results:
        if result.metric in (info.written.metric, *info.written.guardrails) and _side_of(result) < 0:
            return f"{result.variant} is worse in {result.metric}: {_words(result)}"
    return None


def _read(info: ExperimentInfo, since: datetime, until: datetime) -> tuple[Outcomes, int]:
    """Return the units that saw a slate on one side, and how many were on more than one and do not count."""
    labels = [f"{info.written.experiment}:{variant.variant}" for variant in info.written.variants]
    side_of = {label: side for side, label in enumerate(labels)}
    rows = tracking.count_units(
        site_id=info.site_id,
        labels=labels,
        since=since,
        until=until,
        window=timedelta(hours=info.written.attribution_hours),
        currency=profiles.get_site(site_id=info.site_id).currency,
        by_store=info.written.unit == "store",
    )
    flat = np.fromiter(
        ((side_of[label], sides, *counts) for label, sides, *counts in rows),
        dtype=np.dtype((np.float64, 2 + 2 * len(FACTS))),
    )
    one = flat[flat[:, 1] == 1.0]
    columns = one.T[2:]
    outcomes = Outcomes(
        variant=one[:, 0].astype(np.int32),
        facts=dict(zip(FACTS, columns, strict=False)),
        before=dict(zip(FACTS, columns[len(FACTS) :], strict=True)),
    )
    return outcomes, len(flat) - len(one)


def _result(info: ExperimentInfo, outcomes: Outcomes, *, metric: str, side: int) -> MetricResult:
    written, ratio = info.written, METRICS[metric]
    sample, sides = outcomes.of(ratio), len(written.variants)
    planned = written.planned_units or USUAL_PLAN
    found = compare(sample, variant=side, planned=planned, sides=sides)
    (_, control_mean), (units, mean) = mean_of(sample, 0), mean_of(sample, side)
    plain = MetricResult(
        metric=metric,
        variant=written.variants[side].variant,
        units=units,
        mean=_figure(mean),
        control_mean=_figure(control_mean),
    )
    if found is None:
        return plain
    return msgspec.structs.replace(
        plain,
        difference=found.difference,
        low=found.sequence[0],
        high=found.sequence[1],
        fixed_low=found.fixed[0],
        fixed_high=found.fixed[1],
        p_value=found.p_value,
        adjusted=sample.covariate is not None,
        detectable=detectable(found, planned=planned * 2 // sides),
    )


def _figure(value: float) -> float | None:
    return None if np.isnan(value) else value


def _warnings(info: ExperimentInfo, ratio: float | None, crossed: int, units: int) -> list[str]:
    found = []
    if ratio is not None and ratio < BROKEN_SPLIT:
        found.append(
            f"The split is not what was asked (chance {ratio:.2g}): something loses units of one side. "
            "No figure here is to be trusted before that is found."
        )
    if crossed > CROSSED * max(units + crossed, 1):
        found.append(f"{crossed:,} {info.written.unit}s were on more than one side and are left out.")
    return found


def _verdict(info: ExperimentInfo, results: tuple[MetricResult, ...], ratio: float | None) -> str:
    """Return what may be said of the metric that the experiment is about."""
    if ratio is not None and ratio < BROKEN_SPLIT:
        return "The split is broken: nothing can be said."
    harm = harm_of(info, results)
    if harm is not None:
        return f"Keep the control: {harm}."
    judged = [result for result in results if result.metric == info.written.metric]
    best = max((one for one in judged if _side_of(one) > 0), key=_gain, default=None)
    if best is not None:
        return f"{best.variant} is better in {best.metric}: {_words(best)}."
    if all(one.low is None for one in judged):
        return "Too few have seen it to say anything."
    return f"No difference in {info.written.metric} is proven yet."


def _gain(result: MetricResult) -> float:
    return METRICS[result.metric].better * (result.difference or 0.0)


def _side_of(result: MetricResult) -> int:
    """Return 1 where the variant is known to be better than the control, -1 worse, 0 where nobody knows yet."""
    if result.low is None or result.high is None:
        return 0
    better: int = METRICS[result.metric].better
    return better if result.low > 0.0 else -better if result.high < 0.0 else 0


def _words(result: MetricResult) -> str:
    return f"{result.difference:+.1%} ({result.low:+.1%} to {result.high:+.1%})"
