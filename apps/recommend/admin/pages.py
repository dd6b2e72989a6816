"""What merchandisers and operators see of recommend: placements to edit, model versions to choose from, trainings."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.postgres.forms import SimpleArrayField
from django.db.models import QuerySet
from django.forms.models import ModelForm
from django.http import HttpRequest

from apps.recommend import api
from apps.recommend.models import (
    ITEM_TYPE_CHOICES,
    STRATEGY_CHOICES,
    ItemVector,
    ModelVersion,
    Placement,
    TrainingRun,
    TrainingSchedule,
)
from specrec.kernel import clock
from specrec.kernel.errors import Problem

_NAMES = ", ".join(name for name, _ in STRATEGY_CHOICES)


class PlacementForm(ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Lists as inputs that people can fill in: ticks for types, commas where the order or free text matters."""

    item_types = forms.MultipleChoiceField(
        choices=ITEM_TYPE_CHOICES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Only items of these types. Nothing ticked means every type.",
    )
    category_ids = SimpleArrayField(
        forms.CharField(max_length=128),
        required=False,
        widget=forms.TextInput(attrs={"size": 80}),
        help_text="Only items of these categories, separated by commas. Empty means every category.",
    )
    fallback = SimpleArrayField(
        forms.ChoiceField(choices=STRATEGY_CHOICES),
        required=False,
        widget=forms.TextInput(attrs={"size": 80}),
        help_text=f"Tried in this order until the slot is full, separated by commas. There are: {_NAMES}.",
    )

    class Meta:
        model = Placement
        fields = (
            "site_id",
            "placement",
            "title",
            "strategy",
            "size",
            "item_types",
            "category_ids",
            "fallback",
            "exclude_purchased_days",
            "exclude_history",
            "is_active",
        )


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """For rows that the program writes: to be looked at."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return no: rows come from trainings."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return no: what was measured is not edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return no: old versions are removed together with their artifacts."""
        return False


@admin.register(Placement)
class PlacementAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    form = PlacementForm
    list_display = ("site_id", "placement", "title", "strategy", "size", "is_active", "updated_at")
    list_display_links = ("placement",)
    list_filter = ("site_id", "strategy", "is_active")
    search_fields = ("placement", "title")
    readonly_fields = ("created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("site_id", "placement", "title", "is_active")}),
        ("What it shows", {"fields": ("strategy", "size", "item_types", "category_ids")}),
        ("What it leaves out", {"fields": ("exclude_purchased_days", "exclude_history")}),
        ("When that is not enough", {"fields": ("fallback",)}),
        ("History", {"fields": ("created_at", "updated_at")}),
    )


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    list_display = ("stamp", "site_id", "state", "ndcg", "popularity", "cases", "event_count", "seconds", "created_at")
    list_filter = ("site_id", "state", "recipe")
    search_fields = ("stamp",)
    actions = ("promote_selected", "roll_back_selected")

    @admin.display(description="NDCG@10")
    def ndcg(self, version: ModelVersion) -> str:
        """Return the hold-out figure, a dash where it was not measured."""
        return _figure(version, "ndcg@10")

    @admin.display(description="popularity's")
    def popularity(self, version: ModelVersion) -> str:
        """Return the figure of popularity on the same hold-out."""
        return _figure(version, "popularity_ndcg@10")

    @admin.display(description="shoppers asked")
    def cases(self, version: ModelVersion) -> int:
        """Return on how many shoppers the figures rest."""
        return int(version.metrics.get("cases", 0))

    def has_promote_permission(self, request: HttpRequest) -> bool:
        """Return whether this person may choose the model that a site answers with."""
        return request.user.has_perm("recommend.change_modelversion")

    @admin.action(description="Promote the selected version", permissions=["promote"])
    def promote_selected(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> None:
        """Promote one version, whatever the gate said."""
        version = self._only_one(request, queryset)
        if version is None:
            return
        try:
            model = api.promote_model(site_id=version.site_id, stamp=version.stamp, now=clock.now())
        except Problem as problem:
            self.message_user(request, problem.message, messages.ERROR)
            return
        self.message_user(request, f"{model.site_id} answers with {model.stamp} from now on.")

    @admin.action(description="Roll back the site of the selected version", permissions=["promote"])
    def roll_back_selected(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> None:
        """Go back to the version that was promoted before."""
        version = self._only_one(request, queryset)
        if version is None:
            return
        try:
            model = api.roll_back(site_id=version.site_id, now=clock.now())
        except Problem as problem:
            self.message_user(request, problem.message, messages.ERROR)
            return
        self.message_user(request, f"{model.site_id} is back at {model.stamp}.")

    def _only_one(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> ModelVersion | None:
        chosen = list(queryset[:2])
        if len(chosen) == 1:
            return chosen[0]
        self.message_user(request, "Choose exactly one version.", messages.ERROR)
        return None


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin):
    list_display = ("site_id", "state", "percent", "message", "stamp", "started_at", "finished_at")
    list_filter = ("site_id", "state")

    @admin.display(description="progress")
    def percent(self, run: TrainingRun) -> str:
        """Return how far it has come."""
        return f"{run.progress} %"


@admin.register(TrainingSchedule)
class TrainingScheduleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    list_display = ("site_id", "interval_hours", "is_active")
    actions = ("train_now",)

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


@admin.register(ItemVector)
class ItemVectorAdmin(ReadOnlyAdmin):
    list_display = ("site_id", "item_id", "item_type", "published", "model_stamp")
    list_filter = ("site_id", "item_type", "published")
    search_fields = ("item_id",)
    exclude = ("embedding",)


def _figure(version: ModelVersion, name: str) -> str:
    value = version.metrics.get(name)
    return "-" if value is None else f"{value:.4f}"
