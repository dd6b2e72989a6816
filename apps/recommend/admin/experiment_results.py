"""What came of an experiment, as a page of its own."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from apps.recommend import api
from apps.recommend.admin.experiment_plots import draw_looks, draw_metrics
from apps.recommend.contracts.experiments import ExperimentInfo, ExperimentResults
from apps.recommend.ml.outcomes import METRICS
from apps.recommend.models import Experiment
from specrec.kernel import clock
from specrec.kernel.errors import Problem

# The page holds all that it shows; nothing else may be loaded by it, and no script may run.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class ResultsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """For experiments: a column with the link to the results, and the address that they are at."""

    @admin.display(description="results")
    def results_link(self, row: Experiment) -> str | SafeString:
        """Return a link to the page, a dash for one that never ran."""
        if row.started_at is None:
            return "-"
        return format_html('<a href="{}">open</a>', reverse("admin:recommend_experiment_results", args=[row.pk]))

    def get_urls(self) -> list[URLPattern]:
        """Return the pages, and that of results."""
        page = self.admin_site.admin_view(self.show_results)
        return [path("<int:number>/results", page, name="recommend_experiment_results"), *super().get_urls()]

    def show_results(self, request: HttpRequest, number: int) -> HttpResponse:
        """Answer with the page, for whoever may look at the experiment."""
        row: Any = self.get_object(request, str(number))
        if row is None or not self.has_view_permission(request, row):
            return HttpResponse(status=404)
        try:
            page = _render(row.site_id, row.experiment)
        except Problem as problem:
            return HttpResponse(problem.message, status=problem.status, content_type="text/plain; charset=utf-8")
        answer = HttpResponse(page)
        answer["Content-Security-Policy"] = _POLICY
        return answer


def _render(site_id: str, experiment: str) -> str:
    results = api.see_results(site_id=site_id, experiment=experiment, now=clock.now())
    info = api.show_experiment(site_id=site_id, experiment=experiment)
    looks = [*api.list_looks(site_id=site_id, experiment=experiment), results]
    plots = {"metrics": draw_metrics(results), **draw_looks(looks, info.written.metric)}
    return render_to_string(
        "recommend/experiment.html",
        {
            "info": info,
            "results": results,
            "rows": _rows(info, results),
            # Drawn by us from numbers and keys, which pygal escapes.
            "plots": [mark_safe(plot) for plot in plots.values()],  # noqa: S308
            "uneven": results.sample_ratio_p is not None and results.sample_ratio_p < 0.001,  # noqa: PLR2004 - as in results.py
        },
    )


def _rows(info: ExperimentInfo, results: ExperimentResults) -> list[dict[str, Any]]:
    """Return the table: numbers as people read them."""
    return [
        {
            "metric": one.metric,
            "words": METRICS[one.metric].words,
            "judged": one.metric == info.written.metric,
            "guardrail": one.metric in info.written.guardrails,
            "variant": one.variant,
            "units": one.units,
            "mean": one.mean,
            "control_mean": one.control_mean,
            "difference": _percent(one.difference),
            "low": _percent(one.low),
            "high": _percent(one.high),
            "fixed": f"{_percent(one.fixed_low)} to {_percent(one.fixed_high)}" if one.fixed_low is not None else None,
            "p_value": one.p_value,
            "detectable": _percent(one.detectable),
            "adjusted": one.adjusted,
        }
        for one in results.results
    ]


def _percent(value: float | None) -> str | None:
    return None if value is None else f"{value:+.1%}"
