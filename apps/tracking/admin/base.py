"""What the pages of tracking share: read-only lists, and never counting the big tables."""

from typing import cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

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
