"""Plots of what came of an experiment, as SVG that stands in a page: no script, no network."""

from collections.abc import Sequence

from apps.recommend.contracts.experiments import ExperimentResults, MetricResult
from apps.recommend.training.charts import Bar, Line, options, to_svg


def draw_looks(looks: Sequence[ExperimentResults], metric: str) -> dict[str, str]:
    """Return by variant how its difference in the metric and the sequence around it went on, day by day."""
    variants = dict.fromkeys(one.variant for look in looks for one in look.results)
    return {variant: _looks(looks, metric, variant) for variant in variants}


def draw_metrics(results: ExperimentResults) -> str:
    """Return the differences in all metrics, with their sequences; what nobody can say yet is left out."""
    chart = Bar(**options("Difference to the control in percent, with the interval that may be looked at every day"))
    metrics = list(dict.fromkeys(one.metric for one in results.results))
    chart.x_labels = metrics
    for variant in dict.fromkeys(one.variant for one in results.results):
        own = {one.metric: one for one in results.results if one.variant == variant}
        chart.add(variant, [_bar(own[metric]) for metric in metrics])
    return to_svg(chart, "metrics")


def _looks(looks: Sequence[ExperimentResults], metric: str, variant: str) -> str:
    chart = Line(**options(f"{variant}: difference in {metric} in percent, day by day"), show_dots=len(looks) < 2)  # noqa: PLR2004 - one point is no line
    chart.x_labels = [f"{look.until:%d %b}" for look in looks]
    found = [_find(look, metric, variant) for look in looks]
    for name, field in (("at most", "high"), ("difference", "difference"), ("at least", "low")):
        chart.add(name, [None if one is None else _percent(getattr(one, field)) for one in found])
    return to_svg(chart, f"looks-{variant}")


def _find(look: ExperimentResults, metric: str, variant: str) -> MetricResult | None:
    return next((one for one in look.results if (one.metric, one.variant) == (metric, variant)), None)


def _bar(result: MetricResult) -> dict[str, object] | None:
    if result.difference is None or result.low is None:
        return None
    bounds = {"low": _percent(result.low), "high": _percent(result.high)}
    return {"value": _percent(result.difference), "ci": bounds}


def _percent(value: float | None) -> float | None:
    return None if value is None else round(value * 100, 2)
