"""The newest events."""

from django.contrib import admin

from apps.tracking.admin.base import BoundedPaginator, ReadOnlyAdmin
from apps.tracking.models import BrowsedEvent


@admin.register(BrowsedEvent)
class EventAdmin(ReadOnlyAdmin):
    """The newest events."""

    list_display = (
        "received_at",
        "site_id",
        "type",
        "item_id",
        "quantity",
        "shopper_id",
        "placement",
        "channel",
        "time",
    )
    list_filter = ("type",)
    ordering = ("-received_at",)
    paginator = BoundedPaginator
    list_per_page = 50
    list_max_show_all = 0
