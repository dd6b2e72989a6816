"""Settings of the demo: the product as it is, with the shop beside it, on plain HTTP at this machine."""

import sys

from specrec.settings.base import *  # noqa: F403 - settings modules are extended this way
from specrec.settings.base import INSTALLED_APPS

# GraphiQL, and error pages that name their cause. Not in the background: Django's debugging cursor knows no COPY with
# parameters, and keeps every statement.
DEBUG = not any(name in sys.argv[0] for name in ("celery", "manage.py"))
INSTALLED_APPS = [*INSTALLED_APPS, "demo.shop.apps.DemoConfig"]
ROOT_URLCONF = "demo.urls"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
