"""WSGI entry point."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "specrec.settings.base")
application = get_wsgi_application()

if "recommend" in settings.SERVICES:
    from apps.recommend import api as recommend

    recommend.warm_up()
