"""The daily counts."""

from django.contrib import admin

from apps.tracking.admin.base import BoundedPaginator, ReadOnlyAdmin
from apps.tracking.models import DailyCount


@admin.register(DailyCount)
class DailyCountAdmin(ReadOnlyAdmin):
    """What happened on each day."""

    list_display = (
        *("day", "site_id", "type", "item_id", "placement", "channel"),
        *("events", "quantity", "revenue", "currency"),
    )
    list_filter = ("type", "channel", "site_id")
    search_fields = ("=item_id", "=placement")
    date_hierarchy = "day"
    paginator = BoundedPaginator
    list_per_page = 100
    list_max_show_all = 0
