"""Plots of an assessment as SVG that stands in a page: no script, no network, the same bytes for the same figures."""

from collections.abc import Mapping

from apps.recommend.training.assessment import Assessed, Assessment, Group
from apps.recommend.training.charts import Bar, Line, options, to_svg

_TITLES = {"all": "all", "warm": "warm", "cold_items": "cold items", "cold_shoppers": "cold shoppers"}
Bands = Mapping[str, Mapping[str, Group]]


def draw(assessment: Assessment) -> dict[str, str]:
    """Return each plot as an `<svg>` element, by name: groups, curve, popularity, history."""
    models = assessment.models
    return {
        "groups": _bars("groups", "NDCG@10, with 95 % intervals", _of(models, "groups"), "ndcg@10", _TITLES),
        "curve": _curve(models),
        "popularity": _bars(
            "popularity",
            "Recall@10 by how often the target was learned from",
            _of(models, "by_popularity"),
            "recall@10",
        ),
        "history": _bars(
            "history", "Recall@10 by how many events of the shopper are known", _of(models, "by_history"), "recall@10"
        ),
    }


def _of(models: Mapping[str, Assessed], field: str) -> Bands:
    return {name: getattr(model, field) for name, model in models.items()}


def _bars(name: str, title: str, models: Bands, metric: str, titles: Mapping[str, str] | None = None) -> str:
    chart = Bar(**options(title))
    first = next(iter(models.values()))
    chart.x_labels = [f"{(titles or {}).get(band, band)} ({group.questions:,})" for band, group in first.items()]
    for model, bands in models.items():
        figures = [bands[band].figures[metric] for band in first]
        chart.add(model, [{"value": one.mean, "ci": {"low": one.low, "high": one.high}} for one in figures])
    return to_svg(chart, name)


def _curve(models: Mapping[str, Assessed]) -> str:
    chart = Line(**options("Recall at k"), show_minor_x_labels=False, show_dots=False)
    steps = len(next(iter(models.values())).curve)
    chart.x_labels = [str(k) for k in range(1, steps + 1)]
    chart.x_labels_major = [str(k) for k in (1, *range(10, steps + 1, 10))]
    for model, assessed in models.items():
        chart.add(model, assessed.curve)
    return to_svg(chart, "curve")
