"""Model versions, for operators to choose among."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.recommend import api
from apps.recommend.admin.base import ReadOnlyAdmin
from apps.recommend.admin.report import ReportedAdmin
from apps.recommend.models import ItemVector, ModelVersion
from specrec.kernel import clock
from specrec.kernel.errors import Problem


@admin.register(ModelVersion)
class ModelVersionAdmin(ReportedAdmin):
    list_display = (
        "stamp",
        "site_id",
        "state",
        "ndcg",
        "popularity",
        "cases",
        "event_count",
        "seconds",
        "created_at",
        "report_link",
    )
    list_filter = ("site_id", "state", "recipe")
    search_fields = ("stamp",)
    actions = ("promote_selected", "shadow_selected", "roll_back_selected", "retire_selected")

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

        def promote(version: ModelVersion) -> str:
            model = api.promote_model(site_id=version.site_id, stamp=version.stamp, now=clock.now())
            return f"{model.site_id} answers with {model.stamp} from now on."

        self._do(request, queryset, promote)

    @admin.action(description="Try the selected version in the shadow", permissions=["promote"])
    def shadow_selected(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> None:
        """Let one version score a share of the requests."""

        def shadow(version: ModelVersion) -> str:
            model = api.shadow_model(site_id=version.site_id, stamp=version.stamp, now=clock.now())
            return f"{model.stamp} scores a share of the requests of {model.site_id} and answers none."

        self._do(request, queryset, shadow)

    @admin.action(description="Roll back the site of the selected version", permissions=["promote"])
    def roll_back_selected(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> None:
        """Go back to the version that was promoted before."""

        def roll_back(version: ModelVersion) -> str:
            model = api.roll_back(site_id=version.site_id, now=clock.now())
            return f"{model.site_id} is back at {model.stamp}."

        self._do(request, queryset, roll_back)

    @admin.action(description="Retire the selected version", permissions=["promote"])
    def retire_selected(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> None:
        """Take one version out of what may be promoted by itself."""

        def retire(version: ModelVersion) -> str:
            model = api.retire_model(site_id=version.site_id, stamp=version.stamp)
            return f"{model.stamp} is retired."

        self._do(request, queryset, retire)

    def _do(
        self, request: HttpRequest, queryset: QuerySet[ModelVersion], change: Callable[[ModelVersion], str]
    ) -> None:
        """Do it with the one version that was chosen, and say what came of it."""
        version = self._only_one(request, queryset)
        if version is None:
            return
        try:
            self.message_user(request, change(version))
        except Problem as problem:
            self.message_user(request, problem.message, messages.ERROR)

    def _only_one(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> ModelVersion | None:
        chosen = list(queryset[:2])
        if len(chosen) == 1:
            return chosen[0]
        self.message_user(request, "Choose exactly one version.", messages.ERROR)
        return None


@admin.register(ItemVector)
class ItemVectorAdmin(ReadOnlyAdmin):
    list_display = ("site_id", "item_id", "item_type", "published", "model_stamp")
    list_filter = ("site_id", "item_type", "published")
    search_fields = ("item_id",)
    exclude = ("embedding",)


def _figure(version: ModelVersion, name: str) -> str:
    value = version.metrics.get(name)
    return "-" if value is None else f"{value:.4f}"
