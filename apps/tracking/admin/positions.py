"""How far the consumers have come."""

from django.contrib import admin

from apps.tracking import api
from apps.tracking.admin.base import ReadOnlyAdmin
from apps.tracking.models import StreamPosition


@admin.register(StreamPosition)
class StreamPositionAdmin(ReadOnlyAdmin):
    """How far each consumer group has come."""

    list_display = ("group", "position", "updated_at", "lag")

    @admin.display(description="records behind")
    def lag(self, row: StreamPosition) -> int | None:
        """Show how many records the group has not acknowledged."""
        return api.status().get(row.group)
