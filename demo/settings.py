"""Settings of the demo: the product as it is, with the shop beside it, on plain HTTP at this machine."""

from pathlib import Path

from specrec.settings import env
from specrec.settings.base import *  # noqa: F403 - settings modules are extended this way
from specrec.settings.base import BASE_DIR, INSTALLED_APPS, TEMPLATES

DEBUG = True  # GraphiQL; error pages name their cause
INSTALLED_APPS = [*INSTALLED_APPS, "demo.shop.apps.DemoConfig"]
ROOT_URLCONF = "demo.urls"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
# Keys and shoppers of the demo lie here, written by `demo.run`.
DEMO_FOLDER = Path(env.text("SPECREC_DEMO_FOLDER", str(BASE_DIR / ".specrec" / "demo")))
TEMPLATES = [{**TEMPLATES[0], "OPTIONS": {**TEMPLATES[0]["OPTIONS"], "autoescape": True}}]
