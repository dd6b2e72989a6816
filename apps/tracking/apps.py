"""The Django application tracking."""

from django.apps import AppConfig


class TrackingConfig(AppConfig):
    name = "apps.tracking"
    verbose_name = "Events"

    def ready(self) -> None:
        """Register the pages of the admin: it looks into the package `admin` only, which is empty."""
        from apps.tracking.admin import daily, events, letters, positions, rules  # noqa: F401 - the one place for late imports
