"""What the pages of recommend share."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest


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
