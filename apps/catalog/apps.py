"""The Django application catalog."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "apps.catalog"
    verbose_name = "Catalogue"

    def ready(self) -> None:
        """Register the pages of the admin: it looks into the package `admin` only, which is empty."""
        from apps.catalog.admin import pages  # noqa: F401 - the one sanctioned place for a late import
