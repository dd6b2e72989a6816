"""The report of an evaluation: as JSON, and as one page that needs no network; it lies beside the artifact."""

from datetime import datetime
from typing import Any

import msgspec
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from apps.recommend import selectors
from apps.recommend.models import ModelState, ModelVersion
from apps.recommend.training import plots
from apps.recommend.training.assessment import Assessment
from specrec.kernel import blobs, wire
from specrec.kernel.errors import NotFound

FORMAT = 1
_GROUPS = {
    "all": "all questions",
    "warm": "known items, known shoppers",
    "cold_items": "cold items: fewer than 5 events learned from",
    "cold_shoppers": "cold shoppers: at most 2 events known",
}
_SLATES = {
    "novelty": "novelty, bits: how rarely shown items occur in the events",
    "diversity": "diversity: 1 - mean likeness of two items of a slate",
    "miscalibration": "miscalibration, nats: distance of the slate's types from the history's; 0 is none",
    "serendipity": "serendipity: right, and not among the ten most frequent items",
    "unexpectedness": "unexpectedness: share that is not among the ten most frequent items",
}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluation, and what is recorded of the version that was evaluated, as it is now."""

    format: int
    site_id: str
    stamp: str
    state: str
    note: str
    recipe: str
    code_version: str
    created_at: datetime
    data_from: datetime | None
    data_until: datetime | None
    events: int
    shoppers: int
    items: int
    seconds: float
    peak_mb: float
    timings: dict[str, float]
    assessment: Assessment


def store_assessment(version: ModelVersion, assessment: Assessment) -> None:
    """Store what the evaluation of a saved version came to, and note in the version where it lies."""
    version.report = f"models/{version.site_id}/{version.stamp}/assessment.json"  # goes with the version's artifact
    blobs.put(version.report, wire.encode(assessment))
    version.save(update_fields=["report"])


def get_report(*, site_id: str, stamp: str) -> Report:
    """Return the report; raises NotFound for a version that is not there or was not evaluated."""
    version = selectors.get_version(site_id=site_id, stamp=stamp)
    if not version.report:
        message = f"The model {stamp} has no report: it was not evaluated, or before there were reports. Train again."
        raise NotFound(message, code="no_report", stamp=stamp)
    return make_report(version, msgspec.json.decode(blobs.get(version.report), type=Assessment))


def export_report(*, site_id: str, stamp: str) -> bytes:
    """Return the report as JSON; raises as `get_report`."""
    return wire.encode(get_report(site_id=site_id, stamp=stamp))


def show_report(*, site_id: str, stamp: str) -> str:
    """Return the report as a page; raises as `get_report`."""
    return render_page(get_report(site_id=site_id, stamp=stamp))


def make_report(version: ModelVersion, assessment: Assessment) -> Report:
    """Return the report of a version as it is now."""
    return Report(
        format=FORMAT,
        site_id=version.site_id,
        stamp=version.stamp,
        state=version.state,
        note=version.note,
        recipe=version.recipe,
        code_version=version.code_version,
        created_at=version.created_at,
        data_from=version.data_from,
        data_until=version.data_until,
        events=version.event_count,
        shoppers=version.shopper_count,
        items=version.item_count,
        seconds=version.seconds,
        peak_mb=version.peak_mb,
        timings=version.timings,
        assessment=assessment,
    )


def render_page(report: Report) -> str:
    """Return one HTML page that needs nothing else: styles and plots are in it, scripts are not."""
    assessment = report.assessment
    drawn = {name: mark_safe(svg) for name, svg in plots.draw(assessment).items()}  # noqa: S308 - pygal escapes texts
    own: dict[str, Any] = {
        "report": report,
        "state": ModelState(report.state).label,
        "plots": drawn,
        "groups": _tables(assessment),
        "differences": _differences(assessment),
        "slates": _slates(assessment),
        "models": list(assessment.models),
    }
    return render_to_string("recommend/report.html", own)


def _tables(assessment: Assessment) -> list[dict[str, Any]]:
    """Return a table for each group: a row a metric, a column a model."""
    first = next(iter(assessment.models.values()))
    tables: list[dict[str, Any]] = []
    for group, of_first in first.groups.items():
        rows = [
            {"name": metric, "figures": [model.groups[group].figures[metric] for model in assessment.models.values()]}
            for metric in of_first.figures
        ]
        tables.append({"title": _GROUPS.get(group, group), "questions": of_first.questions, "rows": rows})
    return tables


def _differences(assessment: Assessment) -> list[dict[str, Any]]:
    return [
        {"other": other, "metric": metric, "figure": figure, "sure": figure.low > 0 or figure.high < 0}
        for other, figures in assessment.differences.items()
        for metric, figure in figures.items()
    ]


def _slates(assessment: Assessment) -> list[dict[str, Any]]:
    """Return a row for each figure of slates; a model of which no slates were made has none."""
    models = assessment.models.values()
    rows = [
        {"name": title, "figures": [model.slates.get(name) for model in models]}
        for name, title in _SLATES.items()
        if any(name in model.slates for model in models)
    ]
    whole = (
        ("coverage: share of the catalogue that is shown at all", [model.coverage for model in models]),
        ("Gini of how often items are shown: 0 all alike, 1 one has it all", [model.gini for model in models]),
        ("share of questions whose answer is offered at all", [model.offered for model in models]),
    )
    return rows + [{"name": name, "numbers": numbers} for name, numbers in whole]
