"""The root application: starts Celery, so that every process can enqueue, and registers the system checks."""

from django.apps import AppConfig


class SpecrecConfig(AppConfig):
    name = "specrec"

    def ready(self) -> None:
        from specrec import celery, checks  # noqa: F401 - the one sanctioned place for a late import
