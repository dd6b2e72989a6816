"""Experiments, for those who run them: written as plain fields, started and ended by actions, results on a page."""

import json
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.recommend import api
from apps.recommend.admin.experiment_form import ExperimentForm
from apps.recommend.admin.experiment_results import ResultsAdmin
from apps.recommend.contracts.experiments import ExperimentInfo
from apps.recommend.models import Experiment, ExperimentState
from specrec.kernel import clock
from specrec.kernel.errors import Problem


@admin.register(Experiment)
class ExperimentAdmin(ResultsAdmin):
    form = ExperimentForm
    list_display = (
        "experiment",
        "site_id",
        "state",
        "title",
        "metric",
        "ramp",
        "started_at",
        "verdict",
        "results_link",
    )
    list_filter = ("site_id", "state")
    search_fields = ("experiment",)
    actions = ("start_selected", "stop_selected", "conclude_selected")
    readonly_fields = ("state", "note", "started_at", "stopped_at")
    fieldsets = (
        (None, {"fields": ("site_id", "experiment", "title", "state", "note", "started_at", "stopped_at")}),
        ("What is tried", {"fields": ("placements", "variants")}),
        ("Who takes part", {"fields": ("unit", "ramp", "layer", "layer_from", "layer_until", "hold_out")}),
        (
            "What decides",
            {"fields": ("metric", "guardrails", "attribution_hours", "planned_units", "ends_at")},
        ),
    )

    @admin.display(description="title")
    def title(self, row: Experiment) -> str:
        """Return its title."""
        return str(row.written.get("title", ""))

    @admin.display(description="metric")
    def metric(self, row: Experiment) -> str:
        """Return what it is about."""
        return str(row.written.get("metric", ""))

    @admin.display(description="takes part")
    def ramp(self, row: Experiment) -> str:
        """Return which share takes part."""
        return f"{row.written.get('ramp', 1.0):.0%}"

    @admin.display(description="as last seen")
    def verdict(self, row: Experiment) -> str:
        """Return what could be said when it was last looked at."""
        return str((row.results or {}).get("verdict") or "-")

    @admin.display(description="as written")
    def as_written(self, row: Experiment) -> SafeString:
        """Return all of it, for who may look and not change: fields of the form alone have nothing to show there."""
        return format_html('<pre style="margin: 0">{}</pre>', json.dumps(row.written, indent=2, ensure_ascii=False))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fields of the form, or for who may only look what is kept."""
        if obj is None or self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        kept = ("site_id", "experiment", "state", "note", "started_at", "stopped_at", "as_written")
        return ((None, {"fields": kept}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return what nobody edits here: a key and its site stay."""
        return self.readonly_fields if obj is None else ("site_id", "experiment", *self.readonly_fields)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether it may go: only what never ran."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or obj.state == ExperimentState.DRAFT)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Write it as everybody else does."""
        info = api.ensure_experiment(site_id=obj.site_id, written=form.written(), now=clock.now())
        obj.pk = Experiment.objects.get(site_id=info.site_id, experiment=info.written.experiment).pk

    @admin.action(description="Start the selected experiments", permissions=["change"])
    def start_selected(self, request: HttpRequest, queryset: QuerySet[Experiment]) -> None:
        """Let drafts run."""
        self._do(request, queryset, api.start_experiment)

    @admin.action(description="Stop the selected experiments", permissions=["change"])
    def stop_selected(self, request: HttpRequest, queryset: QuerySet[Experiment]) -> None:
        """End them; their figures stay."""

        def stop(**which: Any) -> ExperimentInfo:
            return api.stop_experiment(**which, note=f"Stopped by {request.user.get_username()}.")

        self._do(request, queryset, stop)

    @admin.action(description="Conclude the selected experiments with what was last seen", permissions=["change"])
    def conclude_selected(self, request: HttpRequest, queryset: QuerySet[Experiment]) -> None:
        """End them with the verdict of their results."""

        def conclude(**which: Any) -> ExperimentInfo:
            verdict = api.see_results(**which).verdict
            return api.stop_experiment(**which, note=verdict, conclude=True)

        self._do(request, queryset, conclude)

    def _do(self, request: HttpRequest, queryset: QuerySet[Experiment], step: Callable[..., ExperimentInfo]) -> None:
        for row in queryset:
            try:
                info = step(site_id=row.site_id, experiment=row.experiment, now=clock.now())
            except Problem as problem:
                self.message_user(request, problem.message, messages.ERROR)
            else:
                self.message_user(request, f"{row.experiment} is {info.state}.")
