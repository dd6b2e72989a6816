"""Plots of an assessment as SVG that stands in a page: no script, no network, the same bytes for the same figures."""

from collections.abc import Mapping
from typing import Any

from apps.recommend.training.assessment import Assessed, Assessment, Group
from apps.recommend.training.charts import Bar, Graph, Line, Style

_STYLE = Style(
    background="transparent",
    plot_background="transparent",
    colors=("#1d5fa8", "#8a93a0", "#c4762b", "#4f8f5b"),
    font_family="system-ui, sans-serif",
    label_font_size=11,
    major_label_font_size=11,
    legend_font_size=13,
    title_font_size=15,
)
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
    chart = Bar(**_options(title))
    first = next(iter(models.values()))
    chart.x_labels = [f"{(titles or {}).get(band, band)} ({group.questions:,})" for band, group in first.items()]
    for model, bands in models.items():
        figures = [bands[band].figures[metric] for band in first]
        chart.add(model, [{"value": one.mean, "ci": {"low": one.low, "high": one.high}} for one in figures])
    return _svg(chart, name)


def _curve(models: Mapping[str, Assessed]) -> str:
    chart = Line(**_options("Recall at k"), show_minor_x_labels=False, show_dots=False)
    steps = len(next(iter(models.values())).curve)
    chart.x_labels = [str(k) for k in range(1, steps + 1)]
    chart.x_labels_major = [str(k) for k in (1, *range(10, steps + 1, 10))]
    for model, assessed in models.items():
        chart.add(model, assessed.curve)
    return _svg(chart, "curve")


def _options(title: str) -> dict[str, object]:
    return {
        "title": title,
        "style": _STYLE,
        "js": (),
        "width": 720,
        "height": 360,
        "legend_at_bottom": True,
        "include_x_axis": True,
        "truncate_label": -1,
    }


def _svg(chart: Graph, name: str) -> str:
    chart.uuid = name  # its own would be drawn by chance
    chart.add_xml_filter(_without_scripts)
    return str(chart.render(is_unicode=True, disable_xml_declaration=True))


def _without_scripts(root: Any) -> Any:
    """Return the tree without scripts, and without comments, whose tag is a function."""
    for parent in list(root.iter()):
        for child in list(parent):
            if callable(child.tag) or child.tag.rpartition("}")[2] == "script":
                parent.remove(child)
    return root
