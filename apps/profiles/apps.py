"""The Django application profiles."""

from django.apps import AppConfig


class ProfilesConfig(AppConfig):
    name = "apps.profiles"
    verbose_name = "Sites, keys and shoppers"
