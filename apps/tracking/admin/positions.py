"""How far the consumers have come, and whether rows lie where they should not."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest, HttpResponse

from apps.tracking import api
from apps.tracking.admin.base import ReadOnlyAdmin
from apps.tracking.models import StreamPosition
from specrec.kernel.errors import Unavailable


class _Positions(ChangeList):
    """A page of positions with the lag of their groups, which the stream is asked for once."""

    def get_results(self, request: HttpRequest) -> None:
        """Put the lag of its group beside each position."""
        super().get_results(request)
        try:
            lags = api.status()
        except Unavailable as error:
            messages.error(request, error.message)
            lags = {}
        self.result_list = list(self.result_list)
        for row in self.result_list:
            row.behind = lags.get(row.group)


@admin.register(StreamPosition)
class StreamPositionAdmin(ReadOnlyAdmin):
    """How far each consumer group has come in each partition."""

    list_display = ("group", "partition", "position", "updated_at", "lag")
    list_filter = ("group",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the list that knows the lags."""
        return _Positions

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

    @admin.display(description="records behind (whole group)")
    def lag(self, row: Any) -> int | None:
        """Show how many records the group has not acknowledged, of all partitions."""
        count: int | None = row.behind
        return count
