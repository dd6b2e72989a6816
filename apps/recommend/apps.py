"""The Django application recommend."""

from django.apps import AppConfig


class RecommendConfig(AppConfig):
    name = "apps.recommend"
    verbose_name = "Recommendations"
