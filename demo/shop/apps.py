"""The demo: an optical shop on top of specrec, never installed in production."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Templates, pictures, static files and the command that fills the demo."""

    name = "demo.shop"
    label = "demo_shop"
