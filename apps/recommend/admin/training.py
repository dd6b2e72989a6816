"""Trainings as they went, and when the next are due."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms.models import ModelForm
from django.http import HttpRequest

from apps.recommend import api
from apps.recommend.admin.base import ReadOnlyAdmin
from apps.recommend.models import TrainingRun, TrainingSchedule
from specrec.kernel import clock
from specrec.kernel.errors import Problem


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin):
    list_display = (
        "site_id",
        "kind",
        "state",
        "percent",
        "step",
        "message",
        "missing",
        "stamp",
        "started_at",
        "finished_at",
    )
    list_filter = ("site_id", "kind", "state")

    @admin.display(description="progress")
    def percent(self, run: TrainingRun) -> str:
        """Return how far it has come."""
        return f"{run.progress} %"

    @admin.display(description="too little of")
    def missing(self, run: TrainingRun) -> str:
        """Return what its recipe needs more of, with how much there was and how much would be enough."""
        found: list[dict[str, Any]] = run.details.get("missing", [])
        return "; ".join(f"{one['what']}: {one['have']:,} of {one['enough']:,}" for one in found) or "-"


class TrainingScheduleForm(ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Takes no recipe that there is not."""

    def clean_recipe(self) -> str:
        """Return the name; raises ValidationError where no recipe has it, or the one that has cannot be read."""
        name: str = self.cleaned_data["recipe"]
        try:
            api.show_recipe(name=name)
        except Problem as problem:
            raise forms.ValidationError(problem.message) from problem
        return name


@admin.register(TrainingSchedule)
class TrainingScheduleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    list_display = ("site_id", "recipe", "interval_hours", "refresh_minutes", "promotion", "is_active")
    form = TrainingScheduleForm
    actions = ("train_now", "refresh_now")
    fieldsets = (
        (None, {"fields": ("site_id", "is_active", "recipe", "interval_hours", "refresh_minutes")}),
        ("When a version answers", {"fields": ("promotion", "shadow_share", "shadow_hours")}),
        (
            "When it is taken out again by itself",
            {"fields": ("min_slates", "max_error_share", "max_empty_share", "max_ctr_drop")},
        ),
        ("What is kept", {"fields": ("kept_versions",)}),
    )

    @admin.action(description="Train the selected sites now", permissions=["change"])
    def train_now(self, request: HttpRequest, queryset: QuerySet[TrainingSchedule]) -> None:
        """Enqueue a training of each selected site."""
        for site_id in queryset.values_list("site_id", flat=True):
            try:
                api.start_training(site_id=site_id, now=clock.now())
            except Problem as problem:
                self.message_user(request, f"{site_id}: {problem.message}", messages.ERROR)
            else:
                self.message_user(request, f"Training of {site_id} is queued; see training runs.")

    @admin.action(description="Refresh the promoted models of the selected sites now", permissions=["change"])
    def refresh_now(self, request: HttpRequest, queryset: QuerySet[TrainingSchedule]) -> None:
        """Enqueue a refresh of each selected site."""
        for site_id in queryset.values_list("site_id", flat=True):
            try:
                api.start_refresh(site_id=site_id, now=clock.now())
            except Problem as problem:
                self.message_user(request, f"{site_id}: {problem.message}", messages.ERROR)
            else:
                self.message_user(request, f"Refresh of {site_id} is queued; see training runs.")
