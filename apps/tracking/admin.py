"""The operator's view of tracking: read-only, and never counting the big tables."""

import json
from typing import cast

import msgspec
from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from apps.tracking import api
from apps.tracking.models import BrowsedEvent, DeadLetter, StreamPosition

_PAGES = 20


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # generic for the checker only, not at run time
    """Counts no further than the pages that anybody turns."""

    @cached_property
    def count(self) -> int:
        """Return the number of rows, up to a bound."""
        rows = cast("QuerySet[Model]", self.object_list)
        return rows.order_by()[: self.per_page * _PAGES].count()


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # the same
    """A list that nobody can change here."""

    actions = None
    list_display_links = None
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes."""
        return False


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


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    """What could not be written, and why."""

    list_display = ("failed_at", "kind", "key", "reason", "content")
    paginator = BoundedPaginator

    @admin.display(description="content")
    def content(self, letter: DeadLetter) -> str:
        """Show the record where it can be read at all."""
        try:
            return json.dumps(msgspec.msgpack.decode(bytes(letter.payload)), default=str)[:500]
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return repr(bytes(letter.payload)[:200])


@admin.register(StreamPosition)
class StreamPositionAdmin(ReadOnlyAdmin):
    """How far each consumer group has come."""

    list_display = ("group", "position", "updated_at", "lag")

    @admin.display(description="records behind")
    def lag(self, row: StreamPosition) -> int | None:
        """Show how many records the group has not acknowledged."""
        return api.status().get(row.group)
