"""How far the consumers have come, and whether rows lie where they should not."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, F, IntegerField, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse

from apps.tracking import api
from apps.tracking.admin.base import ReadOnlyAdmin
from apps.tracking.models import StreamPosition
from specrec.kernel.errors import Unavailable


@admin.register(StreamPosition)
class StreamPositionAdmin(ReadOnlyAdmin):
    """How far each consumer group has come in each partition."""

    list_display = ("group", "partition", "position", "updated_at", "lag")
    list_filter = ("group",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[StreamPosition]:
        """Return the rows with the lag of their group, which is asked for once."""
        try:
            lags = api.status()
        except Unavailable as error:
            self.message_user(request, error.message, messages.ERROR)
            lags = {}
        known = [When(group=group, then=Value(count)) for group, count in lags.items()]
        return super().get_queryset(request).annotate(lag=Case(*known, output_field=IntegerField()))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer with the list, and say when rows lie in default partitions."""
        if strayed := api.count_strayed():
            self.message_user(
                request,
                f"{strayed:,} events or slates lie in default partitions, where they slow every query down. The next "
                "run of tracking.make_partitions moves them; if they stay, its log says why.",
                messages.WARNING,
            )
        return super().changelist_view(request, extra_context)

    @admin.display(description="records behind (whole group)", ordering=F("lag"))
    def lag(self, row: Any) -> int | None:
        """Show how many records the group has not acknowledged, of all partitions."""
        count: int | None = row.lag
        return count
