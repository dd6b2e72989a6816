"""The Django application tracking."""

from django.apps import AppConfig


class TrackingConfig(AppConfig):
    name = "apps.tracking"
    verbose_name = "Events"

    def ready(self) -> None:
        """Register the pages of the admin: it looks into the package `admin` only, which is empty."""
        from apps.tracking.admin import events, letters, positions  # noqa: F401 - the sanctioned place for late imports
