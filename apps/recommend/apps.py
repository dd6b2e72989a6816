"""The Django application recommend."""

from django.apps import AppConfig


class RecommendConfig(AppConfig):
    name = "apps.recommend"
    verbose_name = "Recommendations"

    def ready(self) -> None:
        """Register the pages of the admin: it looks into the package `admin` only, which is empty."""
        from apps.recommend.admin import (  # noqa: F401 - the one sanctioned late import
            experiments,
            models,
            placements,
            rules,
            traces,
            training,
            weights,
        )
